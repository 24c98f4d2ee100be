// Memory that is kept between calls.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/memory.h"

namespace odin::cpu {

// Memory that only ever grows. Growing loses its content.
class Scratch {
 public:
  // At least `bytes`, aligned to 64.
  std::byte* reserve(std::size_t bytes);
  // At least `count` floats.
  float* floats(std::int64_t count) {
    return reinterpret_cast<float*>(reserve(static_cast<std::size_t>(count) * sizeof(float)));
  }

 private:
  FloatMemory memory_;
};

}  // namespace odin::cpu
