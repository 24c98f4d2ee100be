// Which functions and classes a pickle may ask to be called.
#pragma once

#include <cstdint>

#include "kernels/error.h"
#include "weights/pickle/pickle_value.h"

namespace odin {

// Thrown for a pickle that would call what it must not.
class HarmfulCall : public Error {
 public:
  using Error::Error;
};

// We never call anything. But a file that asks PyTorch to call more than a checkpoint's objects
// need, say os.system, is malicious, or at least holds something that we cannot understand. These
// functions then throw HarmfulCall, naming what would be called and `at`, the byte of the pickle.

// For a call of the function or class `maker` with `arguments`.
void require_harmless_call(const PickleNode* maker, const PickleList& arguments, std::uint64_t at);
// For NEWOBJ: an object of the class `maker` is made without calling its constructor. That is
// harmless except for those classes of Python itself whose objects call something later, such as
// builtins.map.
void require_harmless_class(const PickleNode* maker, std::uint64_t at);

}  // namespace odin
