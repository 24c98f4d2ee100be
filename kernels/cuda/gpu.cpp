#include "kernels/cuda/gpu.h"

#include <cuda_runtime.h>

#include "kernels/cuda/status.h"

namespace odin::cuda {
namespace {

// 13000 is 13.0.
std::string version(int number) {
  return fmt::format("{}.{}", number / 1000, number % 1000 / 10);
}

// Throws Error where the driver is missing, or cannot do what this program was built with.
void require_driver() {
  int driver = 0;
  const cudaError_t status = cudaDriverGetVersion(&driver);
  require(status == cudaSuccess && driver > 0,
          "no GPU can be used: there is no NVIDIA driver on this machine; install one or use "
          "--device cpu");
  // Within one major version, a program runs with every driver (CUDA's minor version
  // compatibility).
  require(driver / 1000 >= CUDART_VERSION / 1000,
          "no GPU can be used: the NVIDIA driver is for CUDA {} and this program needs CUDA {}; "
          "install a newer driver or use --device cpu",
          version(driver), version(CUDART_VERSION));
}

}  // namespace

std::vector<Gpu> list_gpus() {
  require_driver();
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  cudaGetLastError();  // told here, not at the next launch
  require(status != cudaErrorNoDevice && (status != cudaSuccess || count > 0),
          "no GPU can be used: this machine has a driver but no NVIDIA GPU (or "
          "CUDA_VISIBLE_DEVICES hides it); use --device cpu");
  require(status == cudaSuccess, "no GPU can be used: {} ({}); use --device cpu",
          cudaGetErrorString(status), cudaGetErrorName(status));
  std::vector<Gpu> gpus;
  for (int i = 0; i < count; ++i) {
    cudaDeviceProp properties{};
    ODIN_CUDA_CHECK(cudaGetDeviceProperties(&properties, i), "GPU {}", i);
    gpus.push_back({i, properties.name, properties.major, properties.minor,
                    properties.multiProcessorCount, properties.totalGlobalMem});
  }
  return gpus;
}

Gpu use_gpu(const std::string& device, int index) {
  const std::vector<Gpu> gpus = list_gpus();
  const auto count = static_cast<int>(gpus.size());
  require(index >= 0 && index < count, "device {} does not exist: this machine has {} GPU{}, {}",
          device, count, count == 1 ? "" : "s",
          count == 1 ? "cuda:0" : fmt::format("cuda:0 to cuda:{}", count - 1));
  const Gpu& gpu = gpus[static_cast<std::size_t>(index)];
  require(gpu.major >= kOldestMajor,
          "device {} cannot be used: {} has compute capability {}.{} and our kernels need {}.0 "
          "(Ampere) or newer; use --device cpu",
          device, gpu.name, gpu.major, gpu.minor, kOldestMajor);
  ODIN_CUDA_CHECK(cudaSetDevice(index), "GPU {}", index);
  return gpu;
}

}  // namespace odin::cuda
