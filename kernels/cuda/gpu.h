// Which GPUs there are, and why one cannot be used.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

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

// All GPUs of this machine, usable or not. Throws Error with the reason where there is none: no
// driver, too old a driver, no GPU.
std::vector<Gpu> list_gpus();

// GPU `index`, made current for this thread; `device` is what the user called it. Throws Error
// where it does not exist or is too old for our kernels.
Gpu use_gpu(const std::string& device, int index);

}  // namespace odin::cuda
