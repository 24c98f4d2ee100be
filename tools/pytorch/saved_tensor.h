// Tensors and dicts among the objects of a pickle.
#pragma once

#include <optional>
#include <span>

#include "tools/pytorch/container.h"
#include "tools/tensors/tensor.h"
#include "weights/pickle/pickle_value.h"

namespace odin::pytorch {

// How an object came to be, whichever opcodes made it: its class (or the function that would be
// called) and the arguments, where the pickle holds them: many objects may share a long list of
// them. The class is nullptr if it is unknown.
struct Origin {
  const PickleGlobal* maker = nullptr;
  std::span<const PickleValue> arguments;
};
Origin origin_of(const Contents& contents, const PickleObject& object);

// The entries of a dict, an OrderedDict or another dict of `collections`; nothing for anything
// else.
std::optional<PickleEntries> entries_of(const Contents& contents, const PickleNode* value);

// The tensor that a value is: bare, a Parameter or a Variable, of any PyTorch version. Nothing if
// it is not a tensor. Throws Error if it is an invalid tensor.
std::optional<Tensor> tensor_of(const Contents& contents, const PickleNode* value);

// Whether a value is a sparse tensor, bare or a Parameter. tensor_of() gives nothing for one.
bool is_sparse(const Contents& contents, const PickleNode* value);

}  // namespace odin::pytorch
