#include "kernels/cuda/runtime/gpu.h"

#include <cuda_runtime.h>

#include "kernels/cuda/runtime/status.h"

namespace odin::cuda {
namespace {

// 13000 is 13.0.
std::string version(int number) {
  return fmt::format("{}.{}", number / 1000, number % 1000 / 10);
}

// Throws Error if the driver is missing, or too old for the CUDA that this program was built with.
void require_driver(const std::string& device) {
  int driver = 0;
  const cudaError_t status = cudaDriverGetVersion(&driver);
  require(status == cudaSuccess && driver > 0,
          "device {} cannot be used: there is no NVIDIA driver on this machine; install one or use "
          "--device cpu",
          device);
  // Within one major version, a program runs with every driver ("minor version compatibility").
  require(driver / 1000 >= CUDART_VERSION / 1000,
          "device {} cannot be used: the NVIDIA driver is for CUDA {} and this program needs CUDA "
          "{}; install a newer driver or use --device cpu",
          device, version(driver), version(CUDART_VERSION));
}

// The number of GPUs. Throws Error with the reason if there is none.
int count_gpus(const std::string& device) {
  require_driver(device);
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  cudaGetLastError();  // reported here, not at the next launch
  require(status != cudaErrorNoDevice && (status != cudaSuccess || count > 0),
          "device {} cannot be used: this machine has a driver but no NVIDIA GPU (or "
          "CUDA_VISIBLE_DEVICES hides it); use --device cpu",
          device);
  require(status == cudaSuccess, "device {} cannot be used: {} ({}); use --device cpu", device,
          cudaGetErrorString(status), cudaGetErrorName(status));
  return count;
}

}  // namespace

Gpu use_gpu(const std::string& device, int index) {
  const int count = count_gpus(device);
  require(index >= 0 && index < count, "device {} does not exist: this machine has {} GPU{}, {}",
          device, count, count == 1 ? "" : "s",
          count == 1 ? "cuda:0" : fmt::format("cuda:0 to cuda:{}", count - 1));
  cudaDeviceProp properties{};
  ODIN_CUDA_CHECK(cudaGetDeviceProperties(&properties, index), "GPU {}", index);
  const Gpu gpu{index,
                properties.name,
                properties.major,
                properties.minor,
                properties.multiProcessorCount,
                properties.totalGlobalMem};
  require(gpu.major >= kOldestMajor,
          "device {} cannot be used: {} has compute capability {}.{} and our kernels need {}.0 "
          "(Ampere) or newer; use --device cpu",
          device, gpu.name, gpu.major, gpu.minor, kOldestMajor);
  ODIN_CUDA_CHECK(cudaSetDevice(index), "GPU {}", index);
  return gpu;
}

}  // namespace odin::cuda
