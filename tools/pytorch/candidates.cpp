#include "tools/pytorch/candidates.h"

#include <algorithm>
#include <set>

#include "kernels/error.h"
#include "tools/pytorch/saved_tensor.h"

namespace odin::pytorch {
namespace {

constexpr std::size_t kMostNesting = 64;
constexpr std::uint64_t kMostSteps = 1000000;
constexpr std::size_t kMostItems = 64;
constexpr std::size_t kMostPath = 1024;
constexpr std::size_t kMostCandidates = 1000;

class Search {
 public:
  Search(const Contents& contents, Steps& steps) : contents_(contents), steps_(steps) {}

  std::vector<Candidate> run() {
    visit(contents_.object, "", {});
    return std::move(found_);
  }

 private:
  void visit(PickleValue value, const std::string& path, std::vector<PickleValue> around) {
    if (around.size() == kMostNesting || path.size() > kMostPath) return;
    if (!visited_.insert(value).second) return;
    if (module_state(contents_, value, steps_)) return add({path, value, around, true, 0, true});
    const auto entries = steps_.entries(contents_, value);
    if (entries && find_entry(*entries, "param_groups") != nullptr) return;  // an optimizer's

    around.push_back(value);
    const auto visit_inner = [&](const std::string& name, PickleValue child) {
      if (holds_nothing(child)) return;
      visit(child, path.empty() ? name : path + "." + name, around);
    };
    if (!entries) {
      const PickleList* items = sequence_items(value);
      const std::size_t count = items == nullptr ? 0 : std::min(items->size(), kMostItems);
      for (std::size_t i = 0; i < count; ++i) visit_inner(std::to_string(i), (*items)[i]);
      return;
    }
    Candidate own{path, value, {around.begin(), around.end() - 1}, false, 0, false};
    for (const auto& [key, child] : *entries) {
      const std::optional<std::size_t> rank =
          text_of(key) == nullptr ? std::nullopt : rank_of(child);
      if (!rank) continue;
      ++own.tensors;
      own.has_weights = own.has_weights || *rank >= 2;
    }
    if (own.tensors > 0) add(std::move(own));
    for (const auto& [key, child] : *entries) {
      const std::string* name = text_of(key);
      if (name != nullptr && name->size() <= kMostPath) visit_inner(*name, child);
    }
  }

  void add(Candidate candidate) {
    require(found_.size() < kMostCandidates, "it holds more than {} networks", kMostCandidates);
    found_.push_back(std::move(candidate));
  }

  static bool holds_nothing(const PickleNode* value) {
    return get_if<PickleDict>(value) == nullptr && get_if<PickleObject>(value) == nullptr &&
           get_if<PickleSequence>(value) == nullptr;
  }

  // The number of axes if it is a tensor. An invalid one counts as weights, so that it is reported.
  std::optional<std::size_t> rank_of(PickleValue value) const {
    try {
      const auto tensor = tensor_of(contents_, value);
      return tensor ? std::optional(tensor->shape.size()) : std::nullopt;
    } catch (const Error&) {
      return 2;
    }
  }

  const Contents& contents_;
  Steps& steps_;
  std::vector<Candidate> found_;
  std::set<PickleValue> visited_;
};

}  // namespace

std::optional<PickleEntries> Steps::entries(const Contents& contents, const PickleNode* value) {
  auto found = entries_of(contents, value);
  if (!found) return found;
  count_ += found->size() + 1;
  require(count_ <= kMostSteps, "its objects hold one another in more than {} ways", kMostSteps);
  return found;
}

PickleValue find_entry(const PickleEntries& entries, std::string_view key) {
  for (const auto& [name, value] : entries) {
    const std::string* text = text_of(name);
    if (text != nullptr && *text == key) return value;
  }
  return nullptr;
}

std::optional<PickleEntries> module_state(const Contents& contents, const PickleNode* value,
                                          Steps& steps) {
  const auto* object = get_if<PickleObject>(value);
  if (object == nullptr || object->state == nullptr) return std::nullopt;
  auto state = steps.entries(contents, object->state);
  const bool found = state && find_entry(*state, "_modules") != nullptr &&
                     find_entry(*state, "_parameters") != nullptr;
  return found ? std::move(state) : std::nullopt;
}

std::vector<Candidate> find_candidates(const Contents& contents, Steps& steps) {
  std::vector<Candidate> found = Search(contents, steps).run();
  const auto holds_a_larger_one = [&](const Candidate& outer) {
    return std::ranges::any_of(found, [&](const Candidate& inner) {
      return (inner.is_module || inner.tensors > outer.tensors) &&
             std::ranges::find(inner.around, outer.value) != inner.around.end();
    });
  };
  std::vector<Candidate> kept;
  std::ranges::copy_if(found, std::back_inserter(kept),
                       [&](const Candidate& c) { return !holds_a_larger_one(c); });
  if (std::ranges::any_of(kept, &Candidate::has_weights)) {
    std::erase_if(kept, [](const Candidate& candidate) { return !candidate.has_weights; });
  }
  return kept;
}

}  // namespace odin::pytorch
