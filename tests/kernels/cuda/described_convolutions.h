// GPUs that are not present, described for cuDNN, and convolutions to plan for them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/cuda/library/library_convolution.h"
#include "kernels/plan.h"

namespace odin::test {

struct Device {
  const char* name;
  int version;
  int multiprocessors;
  int shared_memory;  // maximum of a block, in bytes
  int threads;        // maximum on a multiprocessor
  int blocks;         // likewise
};

extern const Device kDevices[4];  // A100, RTX 3090, RTX 4090, H100

cuda::CudnnDevice describe(const Device& device);

// The largest power of two, up to 16, that divides.
std::int64_t alignment_of(std::int64_t bytes);

// A step of a plan with 64 images. Pixels are padded to 16 bytes, as in an evaluation, or not, as
// layer by layer.
cuda::CudnnConvolution convolution(const Plan& plan, const PlanConvolution& step,
                                   ConvolutionPass pass, cuda::Element element, bool padded = true);

constexpr std::size_t kWorkspace = cuda::engine_workspace(std::size_t{24} << 30);

// The paper's networks, and those that the tests on a GPU run.
const std::vector<Plan>& networks();
// The convolution from `inputs` to `outputs` channels.
const PlanConvolution& step_with(const Plan& plan, int inputs, int outputs);
// The 3 x 3 convolution of a wide ResNet's first stage.
cuda::CudnnConvolution wide(cuda::Element element);

std::size_t count_plans(const cuda::CudnnDevice& device, const cuda::CudnnConvolution& convolution);

}  // namespace odin::test
