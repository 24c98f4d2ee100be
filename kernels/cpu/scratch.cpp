#include "kernels/cpu/scratch.h"

namespace odin::cpu {

std::byte* Scratch::reserve(std::size_t bytes) {
  const std::size_t floats = (bytes + sizeof(float) - 1) / sizeof(float);
  if (floats > memory_.size()) {
    memory_ = {};  // frees the old memory first: both need not fit
    memory_ = FloatMemory(floats);
  }
  return reinterpret_cast<std::byte*>(memory_.data());
}

}  // namespace odin::cpu
