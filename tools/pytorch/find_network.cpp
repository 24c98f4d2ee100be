#include "tools/pytorch/find_network.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>

#include "kernels/error.h"
#include "tools/pytorch/saved_tensor.h"
#include "weights/files/printable.h"

namespace odin::pytorch {
namespace {

constexpr int kMostDepth = 64;
constexpr std::size_t kMostTensors = 20000;
// Many paths may lead to a shared object. This limits the entries of dicts that are visited.
constexpr std::uint64_t kMostSteps = 1000000;
constexpr std::size_t kMostName = 1024;
constexpr std::size_t kMostOthers = 1000;

constexpr std::string_view kWrappers[] = {"state_dict", "model_state_dict", "model", "net"};
constexpr std::string_view kPrefixes[] = {"module.", "_orig_mod."};

PickleValue find_entry(const PickleEntries& entries, std::string_view key) {
  for (const auto& [name, value] : entries) {
    const std::string* text = text_of(name);
    if (text != nullptr && *text == key) return value;
  }
  return nullptr;
}

std::string without_prefixes(std::string_view name) {
  for (bool changed = true; changed;) {
    changed = false;
    for (const std::string_view prefix : kPrefixes) {
      if (!name.starts_with(prefix)) continue;
      name.remove_prefix(prefix.size());
      changed = true;
    }
  }
  return std::string(name);
}

class Finder {
 public:
  explicit Finder(const Contents& contents) : contents_(contents) {}

  SavedNetwork find() {
    find_in(contents_.object, 0);
    return std::move(network_);
  }

 private:
  void find_in(PickleValue value, int depth) {
    require(depth < kMostDepth, "its dicts are nested more than {} deep", kMostDepth);
    if (const auto state = module_state(value)) {
      network_.kind = "a module of class " + class_name(value);
      return add_module(*state, "", 0);
    }
    const auto entries = counted_entries(value);
    require(entries.has_value(), "it holds {}, not a network", describe(value));
    for (const std::string_view wrapper : kWrappers) {
      const PickleValue inner = find_entry(*entries, wrapper);
      if (inner == nullptr || (!module_state(inner) && !counted_entries(inner))) continue;
      add_others(*entries, inner);
      return find_in(inner, depth + 1);
    }
    network_.kind = "a state dict";
    add_tensors(*entries, "", true);
    add_others(*entries, nullptr);
    require(!network_.tensors.empty(), "it holds a dict of {} without a tensor, so no network",
            entries->size());
  }

  // The entries of a dict. Their total over all dicts is limited.
  std::optional<PickleEntries> counted_entries(PickleValue value) {
    auto found = entries_of(contents_, value);
    if (!found) return found;
    steps_ += found->size() + 1;
    require(steps_ <= kMostSteps, "its objects hold one another in more than {} ways", kMostSteps);
    return found;
  }

  // The attributes of a module: an object that has _modules and _parameters.
  std::optional<PickleEntries> module_state(PickleValue value) {
    const auto* object = get_if<PickleObject>(value);
    if (object == nullptr || object->state == nullptr) return std::nullopt;
    auto state = counted_entries(object->state);
    const bool found = state && find_entry(*state, "_modules") != nullptr &&
                       find_entry(*state, "_parameters") != nullptr;
    return found ? std::move(state) : std::nullopt;
  }

  std::string class_name(PickleValue value) const {
    const Origin origin = origin_of(contents_, *get_if<PickleObject>(value));
    return origin.maker == nullptr ? "unknown" : name_of(*origin.maker);
  }

  void add_module(const PickleEntries& state, const std::string& prefix, int depth) {
    require(depth < kMostDepth,
            "its modules are nested more than {} deep (do they hold themselves?)", kMostDepth);
    for (const char* kind : {"_parameters", "_buffers"}) {
      const PickleValue dict = find_entry(state, kind);
      if (dict == nullptr) continue;
      const auto tensors = counted_entries(dict);
      require(tensors.has_value(), "{} of a module is {}", kind, describe(dict));
      add_tensors(*tensors, prefix, false);
    }
    const PickleValue modules = find_entry(state, "_modules");
    const auto children = counted_entries(modules);
    require(children.has_value(), "_modules of a module is {}", describe(modules));
    for (const auto& [key, child] : *children) {
      if (is_none(child)) continue;
      const std::string name = prefix + name_from(key);
      const auto child_state = module_state(child);
      require(child_state.has_value(), "the module '{}' is {}", printable(name), describe(child));
      add_module(*child_state, name + ".", depth + 1);
    }
  }

  static const std::string& name_from(PickleValue key) {
    const std::string* name = text_of(key);
    require(name != nullptr && name->size() <= kMostName, "the name of a tensor or module is {}",
            describe(key));
    return *name;
  }

  // Adds the tensors of a dict. Unless `mixed`, anything but a tensor or None is an error.
  void add_tensors(const PickleEntries& entries, const std::string& prefix, bool mixed) {
    for (const auto& [key, value] : entries) {
      if (is_none(value)) continue;
      if (mixed && text_of(key) == nullptr) continue;
      std::string name = without_prefixes(prefix + name_from(key));
      if (is_batch_counter(name)) continue;
      std::optional<Tensor> tensor;
      try {
        tensor = tensor_of(contents_, value);
      } catch (const Error& error) {
        fail("'{}': {}", printable(name), error.what());
      }
      if (mixed && !tensor) continue;
      require(tensor.has_value(), "'{}' is {}, not a tensor", printable(name), describe(value));
      require(names_.insert(name).second, "it holds '{}' twice", printable(name));
      require(names_.size() <= kMostTensors, "it holds more than {} tensors", kMostTensors);
      network_.tensors.push_back({std::move(name), std::move(*tensor)});
    }
  }

  void add_others(const PickleEntries& entries, PickleValue network) {
    for (const auto& [key, value] : entries) {
      if (network_.others.size() == kMostOthers) return;
      if (value == network || text_of(key) == nullptr || tensor_of(contents_, value)) continue;
      network_.others.emplace_back(printable(*text_of(key)), describe(value));
    }
  }

  const Contents& contents_;
  SavedNetwork network_;
  std::set<std::string> names_;
  std::uint64_t steps_ = 0;
};

}  // namespace

SavedNetwork find_network(const Contents& contents) {
  return Finder(contents).find();
}

}  // namespace odin::pytorch
