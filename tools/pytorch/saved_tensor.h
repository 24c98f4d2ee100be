// Tensors and dicts among the objects of a pickle.
#pragma once

#include <optional>

#include "tools/pytorch/container.h"
#include "tools/pytorch/pickle_value.h"
#include "tools/pytorch/tensor.h"

namespace odin::pytorch {

// How an object came to be, whichever opcodes made it: its class (or the function that would be
// called) and the arguments. The class is nullptr where it is not known.
struct Origin {
  const PickleGlobal* maker = nullptr;
  std::vector<PickleValue> arguments;
};
Origin origin_of(const Contents& contents, const PickleObject& object);

// The entries of a dict, an OrderedDict or another dict of `collections`; nothing for anything
// else.
std::optional<PickleEntries> entries_of(const Contents& contents, const PickleNode* value);

// The tensor that a value is, whether bare, a Parameter or a Variable, of any release; nothing
// where it is no tensor. Throws Error where it is one that makes no sense.
std::optional<Tensor> tensor_of(const Contents& contents, const PickleNode* value);

}  // namespace odin::pytorch
