#include "kernels/cpu/convolution_task.h"

#include <utility>

namespace odin::cpu {

std::int64_t weight_elements(const ConvolutionSizes& s) {
  return s.out_channels * s.in_channels * s.kernel_height * s.kernel_width;
}

WeightMatrix weight_matrix(ConvolutionPass pass, const ConvolutionSizes& sizes, bool winograd,
                           const float* weights) {
  const auto outputs = static_cast<int>(sizes.out_channels);
  const auto inputs = static_cast<int>(sizes.in_channels);
  const auto taps = static_cast<int>(sizes.kernel_height * sizes.kernel_width);
  const long output = static_cast<long>(inputs) * taps;  // from one output's weights to the next
  if (winograd) return {weights, outputs, inputs, output, taps, nullptr};
  if (pass == ConvolutionPass::kForward) {
    return {weights, outputs, inputs * taps, output, 1, nullptr};
  }
  return {weights, inputs * taps, outputs, 1, output, nullptr};
}

std::int64_t packed_floats(const WeightMatrix& matrix, bool winograd) {
  return std::int64_t{matrix.rows} * matrix.columns * (winograd ? 36 : 1);
}

void pack_matrix(const KernelTable& kernels, const WeightMatrix& matrix, bool winograd,
                 std::int64_t stride, float* packed) {
  if (winograd) {
    kernels.pack_winograd(matrix, static_cast<int>(stride), packed);
  } else {
    kernels.pack(matrix, packed);
  }
}

const ConvolutionKernel& convolution_kernel(const KernelTable& kernels, ConvolutionPass pass,
                                            const ConvolutionSizes& sizes, bool winograd) {
  if (winograd) return kernels.winograd;
  if (is_pointwise(sizes)) return kernels.pointwise;
  return pass == ConvolutionPass::kForward ? kernels.direct : kernels.direct_backward;
}

ConvolutionTask convolution_task(ConvolutionPass pass, const ConvolutionSizes& sizes, bool winograd,
                                 const Blocks& blocks) {
  ConvolutionTask task;
  task.images = static_cast<int>(sizes.images);
  task.in_channels = static_cast<int>(sizes.in_channels);
  task.in_height = static_cast<int>(sizes.height);
  task.in_width = static_cast<int>(sizes.width);
  task.out_channels = static_cast<int>(sizes.out_channels);
  task.out_height = static_cast<int>(sizes.out_height);
  task.out_width = static_cast<int>(sizes.out_width);
  task.kernel = static_cast<int>(sizes.kernel_height);
  task.stride = static_cast<int>(sizes.stride);
  task.padding = static_cast<int>(sizes.padding);
  task.block_tiles = blocks.tiles;
  if (pass == ConvolutionPass::kBackwardData) {
    std::swap(task.in_channels, task.out_channels);
    std::swap(task.in_height, task.out_height);
    std::swap(task.in_width, task.out_width);
    task.transposed = winograd;
  }
  return task;
}

}  // namespace odin::cpu
