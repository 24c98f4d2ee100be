// The CUDA device that a test program runs on: the emulated one or a real one, as it is linked.
#pragma once

#include <memory>
#include <vector>

#include "kernels/device.h"
#include "tests/support/support.h"

namespace odin::test {

// Throws Error where there is no such device.
std::unique_ptr<Backend> make_cuda(const DeviceOptions& options);

// The kinds of convolution that it has; on a real one those that the environment variable
// ODIN_TEST_CONVOLUTIONS names ("own cudnn"), so that one which ruins a process takes no other
// along.
std::vector<ConvolutionAlgorithm> cuda_convolutions();

// What a test runs. Only plans in half precision run warpgroup products: elsewhere kWgmma runs
// kOwn's kernels, which a test in plan_test.cpp proves of plans and half_test.cpp of layers.
enum class Runs { kHalfPlans, kOther };

// Calls test(convolution) for each of them that runs other kernels, or skips the running test where
// there is no device.
template <class Test>
void on_every_convolution(Runs runs, Test test) {
  try {
    make_cuda({.convolution = ConvolutionAlgorithm::kOwn});
  } catch (const Error& error) {
    return skip(error.what());
  }
  for (ConvolutionAlgorithm convolution : cuda_convolutions()) {
    const bool same = runs == Runs::kOther && convolution == ConvolutionAlgorithm::kWgmma;
    if (!same) test(convolution);
  }
}

}  // namespace odin::test
