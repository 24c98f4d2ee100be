#include "tools/pytorch/find_network.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "kernels/error.h"
#include "tools/pytorch/candidates.h"
#include "tools/pytorch/saved_object.h"
#include "tools/pytorch/saved_tensor.h"
#include "weights/files/printable.h"

namespace odin::pytorch {
namespace {

constexpr int kMostDepth = 64;
constexpr std::size_t kMostTensors = 20000;
constexpr std::size_t kMostName = 1024;
constexpr std::size_t kMostOthers = 1000;
constexpr std::size_t kMostListed = 20;

constexpr std::string_view kPrefixes[] = {"module.", "_orig_mod."};
// What --key calls the outermost dict.
constexpr std::string_view kItself = ".";

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

  SavedNetwork find(const std::string& key) {
    const std::vector<Candidate> candidates = find_candidates(contents_, steps_);
    if (candidates.empty()) fail("{}", why_no_network(contents_, contents_.object));
    const Candidate& chosen = choose(candidates, key);
    if (chosen.is_module) {
      add_module(*module_state(contents_, chosen.value, steps_), "", 0);
    } else {
      add_tensors(*steps_.entries(contents_, chosen.value), "", true);
    }
    network_.kind = kind_of(chosen);
    for (std::size_t i = 0; i < chosen.around.size(); ++i) {
      const bool innermost = i + 1 == chosen.around.size();
      add_others(chosen.around[i], innermost ? chosen.value : chosen.around[i + 1]);
    }
    if (!chosen.is_module) add_others(chosen.value, nullptr);
    const bool descended = is_below(chosen.path, key);
    std::string prefix(descended ? "" : after_path(key, chosen.path));
    if (dropped_prefixes_ && !prefix.empty()) {  // the names no longer have them
      prefix = without_prefixes(prefix + ".");
      if (!prefix.empty()) prefix.pop_back();
    }
    if (!prefix.empty() && key != kItself) {
      require(has_prefix(network_, prefix),
              "it holds no network under the key '{}', but {}; the first tensor of '{}' is '{}'",
              printable(key), listed(candidates), key_of(chosen),
              network_.tensors.empty() ? "" : printable(network_.tensors.front().name));
      keep_prefix(network_, prefix);
    }
    if (!key.empty()) {
      network_.kind += fmt::format(" under '{}'", printable(descended ? chosen.path : key));
    }
    return std::move(network_);
  }

 private:
  // What of the key is a prefix of names.
  static std::string_view after_path(std::string_view key, const std::string& path) {
    if (key == path) return "";
    return !path.empty() && key.starts_with(path + ".") ? key.substr(path.size() + 1) : key;
  }

  static bool is_below(std::string_view path, std::string_view key) {
    return !key.empty() && path.size() > key.size() && path.starts_with(key) &&
           path[key.size()] == '.';
  }

  // What --key calls a candidate.
  static std::string key_of(const Candidate& candidate) {
    return candidate.path.empty() ? std::string(kItself) : printable(candidate.path);
  }

  // The candidate whose path the key is; else the only one below the key; else the one whose path
  // and a prefix of whose names it is.
  const Candidate& choose(const std::vector<Candidate>& candidates, const std::string& key) const {
    if (key.empty()) {
      require(candidates.size() == 1, "it holds {} networks: choose one with --key from {}",
              candidates.size(), listed(candidates));
      return candidates.front();
    }
    const auto exact = std::ranges::find(candidates, key, &Candidate::path);
    if (exact != candidates.end()) return *exact;
    const auto below_key = [&](const Candidate& c) { return is_below(c.path, key); };
    const auto first_below = std::ranges::find_if(candidates, below_key);
    if (first_below != candidates.end()) {
      std::vector<Candidate> below;
      std::ranges::copy_if(candidates, std::back_inserter(below), below_key);
      require(below.size() == 1,
              "it holds {} networks under the key '{}': choose one with --key from {}",
              below.size(), printable(key), listed(below));
      return *first_below;
    }
    const Candidate* chosen = nullptr;
    for (const Candidate& candidate : candidates) {
      const std::string& path = candidate.path;
      const bool fits = path.empty() || key.starts_with(path + ".");
      if (fits && (chosen == nullptr || path.size() > chosen->path.size())) chosen = &candidate;
    }
    if (chosen == nullptr && candidates.size() == 1) chosen = &candidates.front();
    require(chosen != nullptr, "it holds no network under the key '{}', but {}", printable(key),
            listed(candidates));
    return *chosen;
  }

  std::string listed(const std::vector<Candidate>& candidates) const {
    std::string list;
    for (std::size_t i = 0; i < std::min(candidates.size(), kMostListed); ++i) {
      const Candidate& candidate = candidates[i];
      list +=
          fmt::format("{}'{}' ({}{})", i == 0 ? "" : ", ", key_of(candidate), kind_of(candidate),
                      candidate.is_module ? "" : fmt::format(" of {} tensors", candidate.tensors));
    }
    return candidates.size() > kMostListed ? list + ", ..." : list;
  }

  std::string kind_of(const Candidate& candidate) const {
    if (!candidate.is_module) return "a state dict";
    const Origin origin = origin_of(contents_, *get_if<PickleObject>(candidate.value));
    return fmt::format("a module of class {}",
                       origin.maker == nullptr ? "unknown" : name_of(*origin.maker));
  }

  void add_module(const PickleEntries& state, const std::string& prefix, int depth) {
    require(depth < kMostDepth,
            "its modules are nested more than {} deep (do they hold themselves?)", kMostDepth);
    for (const char* kind : {"_parameters", "_buffers"}) {
      const PickleValue dict = find_entry(state, kind);
      if (dict == nullptr) continue;
      const auto tensors = steps_.entries(contents_, dict);
      require(tensors.has_value(), "{} of a module is {}", kind, describe(dict));
      add_tensors(*tensors, prefix, false);
    }
    const PickleValue modules = find_entry(state, "_modules");
    const auto children = steps_.entries(contents_, modules);
    require(children.has_value(), "_modules of a module is {}", describe(modules));
    for (const auto& [key, child] : *children) {
      if (is_none(child)) continue;
      const std::string name = name_from(prefix, key);
      const auto child_state = module_state(contents_, child, steps_);
      require(child_state.has_value(), "the module '{}' is {}", printable(name), describe(child));
      add_module(*child_state, name + ".", depth + 1);
    }
  }

  static std::string name_from(const std::string& prefix, PickleValue key) {
    const std::string* name = text_of(key);
    require(name != nullptr, "the name of a tensor or module is {}", describe(key));
    if (prefix.size() + name->size() > kMostName) {
      fail("the name of a tensor or module has {} bytes: '{}{}'", prefix.size() + name->size(),
           printable(prefix), printable(*name));
    }
    return prefix + *name;
  }

  // Adds the tensors of a dict. Unless `mixed`, anything but a tensor or None is an error.
  void add_tensors(const PickleEntries& entries, const std::string& prefix, bool mixed) {
    for (const auto& [key, value] : entries) {
      if (is_none(value)) continue;
      if (mixed && text_of(key) == nullptr) continue;
      const std::string stored = name_from(prefix, key);
      std::string name = without_prefixes(stored);
      dropped_prefixes_ = dropped_prefixes_ || name != stored;
      if (is_batch_counter(name)) continue;
      std::optional<Tensor> tensor;
      try {
        tensor = tensor_of(contents_, value);
      } catch (const Error& error) {
        fail("'{}': {}", printable(name), error.what());
      }
      require(!is_sparse(contents_, value),
              "'{}' is a sparse tensor: save its to_dense() in place of it", printable(name));
      if (mixed && !tensor) continue;
      require(tensor.has_value(), "'{}' is {}, not a tensor", printable(name), describe(value));
      require(names_.insert(name).second, "it holds '{}' twice", printable(name));
      require(names_.size() <= kMostTensors, "it holds more than {} tensors", kMostTensors);
      network_.tensors.push_back({std::move(name), std::move(*tensor)});
    }
  }

  // Describes what is beside a network, or beside the tensors of one.
  void add_others(PickleValue dict, PickleValue network) {
    const auto entries = steps_.entries(contents_, dict);
    if (!entries) return;
    for (const auto& [key, value] : *entries) {
      if (network_.others.size() == kMostOthers) return;
      if (value == network || text_of(key) == nullptr || tensor_of(contents_, value)) continue;
      network_.others.emplace_back(printable(*text_of(key)), describe(value));
    }
  }

  const Contents& contents_;
  SavedNetwork network_;
  std::set<std::string> names_;
  bool dropped_prefixes_ = false;
  Steps steps_;
};

}  // namespace

SavedNetwork find_network(const Contents& contents, const std::string& key) {
  return Finder(contents).find(key);
}

}  // namespace odin::pytorch
