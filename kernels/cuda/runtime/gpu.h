// Finds a GPU, or says why it cannot be used.
#pragma once

#include <cstddef>
#include <string>

namespace odin::cuda {

// The oldest architecture that our kernels are compiled for (Ampere).
inline constexpr int kOldestMajor = 8;

struct Gpu {
  int index = 0;
  std::string name;  // "NVIDIA H100 80GB HBM3"
  int major = 0;     // compute capability
  int minor = 0;
  int multiprocessors = 0;
  std::size_t memory = 0;  // bytes
};

// Makes GPU `index` current for this thread. `device` is the user's name for it, which errors
// repeat. Throws Error with the reason if it cannot be used: no driver, a driver that is too old,
// no GPU, no GPU of that number, or one too old for our kernels.
Gpu use_gpu(const std::string& device, int index);

}  // namespace odin::cuda
