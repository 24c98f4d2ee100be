#include "tests/kernels/cuda_device.h"

namespace odin::test {

std::unique_ptr<Backend> make_cuda(const DeviceOptions& options) {
  return make_backend("cuda", options);
}

std::vector<ConvolutionChoice> cuda_convolutions() {
  return {ConvolutionChoice::kOwn, ConvolutionChoice::kWgmma, ConvolutionChoice::kCudnn};
}

}  // namespace odin::test
