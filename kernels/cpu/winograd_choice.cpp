#include "kernels/cpu/winograd_choice.h"

#include <algorithm>

namespace odin::cpu {

bool winograd_is_possible(const ConvolutionSizes& s) {
  return s.kernel_height == 3 && s.kernel_width == 3 && s.stride <= 2 && s.padding == 1;
}

bool winograd_pays(const ConvolutionSizes& s) {
  constexpr std::int64_t kFewestChannels = 3;
  // Tiles of 4x4 results, of which stride 1 saves three quarters of the multiplications, and stride
  // 2 less than a half.
  const std::int64_t pixels = s.out_height * s.out_width;
  const std::int64_t covered = (s.out_height + 3) / 4 * 4 * ((s.out_width + 3) / 4 * 4);
  const bool saves = s.stride == 1 ? 2 * pixels >= covered : 3 * pixels >= 2 * covered;
  return winograd_is_possible(s) && saves &&
         std::min(s.in_channels, s.out_channels) >= kFewestChannels;
}

bool takes_winograd(const ConvolutionSizes& sizes, ConvolutionAlgorithm algorithm) {
  if (algorithm == ConvolutionAlgorithm::kAuto) return winograd_pays(sizes);
  return algorithm == ConvolutionAlgorithm::kWinograd && winograd_is_possible(sizes);
}

}  // namespace odin::cpu
