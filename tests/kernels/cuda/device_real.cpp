#include <cstdlib>
#include <sstream>

#include "tests/kernels/cuda/device.h"

namespace odin::test {

std::unique_ptr<Backend> make_cuda(const DeviceOptions& options) {
  return make_backend("cuda", options);
}

std::vector<ConvolutionAlgorithm> cuda_convolutions() {
  const char* wanted = std::getenv("ODIN_TEST_CONVOLUTIONS");
  std::istringstream names(wanted ? wanted : "own wgmma cudnn");
  std::vector<ConvolutionAlgorithm> choices;
  for (std::string name; names >> name;) choices.push_back(convolution_algorithm_of(name));
  return choices;
}

}  // namespace odin::test
