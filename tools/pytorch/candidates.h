// Where in a saved object networks are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/pytorch/container.h"

namespace odin::pytorch {

// A module or a dict with tensors.
struct Candidate {
  std::string path;  // the keys that lead to it, joined with dots; "" for the object itself
  PickleValue value = nullptr;
  std::vector<PickleValue> around;  // the dicts that hold it, outermost first
  bool is_module = false;
  std::size_t tensors = 0;   // its own, without those of dicts in it; 0 for a module
  bool has_weights = false;  // whether one of them has two axes or more
};

// Limits how often the entries of dicts are visited: many paths may lead to a shared object.
class Steps {
 public:
  // The entries of a dict, or nothing for another value. Throws Error if the total is too high.
  std::optional<PickleEntries> entries(const Contents& contents, const PickleNode* value);

 private:
  std::uint64_t count_ = 0;
};

// The value of a text key, or nullptr.
PickleValue find_entry(const PickleEntries& entries, std::string_view key);

// The attributes of a module, which is an object that has _modules and _parameters.
std::optional<PickleEntries> module_state(const Contents& contents, const PickleNode* value,
                                          Steps& steps);

// All networks in a saved object, outermost first: modules, and dicts that hold tensors under
// texts. Left out are what optimizers save, dicts with fewer tensors than a network inside them,
// and, if there is a network with weights, dicts without. An object that is in several places
// counts once.
std::vector<Candidate> find_candidates(const Contents& contents, Steps& steps);

}  // namespace odin::pytorch
