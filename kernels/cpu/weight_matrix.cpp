#include "kernels/cpu/weight_matrix.h"

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

}  // namespace odin::cpu
