// Which functions and classes a pickle may ask to be called.
#pragma once

#include <cstdint>

#include "tools/pytorch/pickle_value.h"

namespace odin::pytorch {

// We call nothing in any case. But a file that would have PyTorch call anything that is not needed
// to make the objects of a checkpoint, say os.system, was made to do harm, or at least holds
// something that we cannot understand: these throw Error, naming what is called, and `at`, the byte
// of the pickle.

// The function or class `maker` is called with `arguments`.
void require_harmless_call(const PickleNode* maker, const PickleList& arguments, std::uint64_t at);
// An object of the class `maker` is made without a call of its constructor (NEWOBJ). That is
// harmless for any class but those of Python's own whose objects call something later:
// builtins.map.
void require_harmless_class(const PickleNode* maker, std::uint64_t at);

}  // namespace odin::pytorch
