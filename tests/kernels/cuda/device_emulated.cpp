#include "kernels/cuda/backend.h"
#include "tests/kernels/cuda/device.h"

namespace odin::test {

std::unique_ptr<Backend> make_cuda(const DeviceOptions& options) {
  return std::make_unique<cuda::CudaBackend>(cuda::use_gpu("cuda:0", 0), options);
}

std::vector<ConvolutionAlgorithm> cuda_convolutions() {
  // NVIDIA's libraries have no place there.
  return {ConvolutionAlgorithm::kOwn, ConvolutionAlgorithm::kWgmma};
}

}  // namespace odin::test
