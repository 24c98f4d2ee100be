#include "kernels/cuda/runtime/memory.h"

#include <cuda_runtime.h>

#include "kernels/cuda/runtime/status.h"

namespace odin::cuda {

void* allocate_device(std::size_t bytes) {
  void* data = nullptr;
  ODIN_CUDA_CHECK(cudaMalloc(&data, bytes), "{} bytes", bytes);
  return data;
}

void release_device(void* data) {
  cudaFree(data);
}

void* allocate_pinned(std::size_t bytes) {
  void* data = nullptr;
  ODIN_CUDA_CHECK(cudaHostAlloc(&data, bytes, cudaHostAllocDefault), "{} bytes", bytes);
  return data;
}

void release_pinned(void* data) {
  cudaFreeHost(data);
}

}  // namespace odin::cuda
