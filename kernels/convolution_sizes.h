// The sizes of what slides a window over an image: convolutions and pools.
#pragma once

#include <compare>
#include <cstdint>

#include "kernels/convolution.h"
#include "kernels/tensor_view.h"

namespace odin {

// Extent of the result of sliding a window of `window` over `extent` elements; throws Error if none
// fits.
std::int64_t windowed_extent(std::int64_t extent, std::int64_t window, int stride, int padding);

// All sizes of a convolution.
struct ConvolutionSizes {
  std::int64_t images = 0;
  std::int64_t in_channels = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t out_channels = 0;
  std::int64_t kernel_height = 0;
  std::int64_t kernel_width = 0;
  std::int64_t out_height = 0;
  std::int64_t out_width = 0;
  std::int64_t stride = 1;
  std::int64_t padding = 0;
  auto operator<=>(const ConvolutionSizes&) const = default;
};

// The sizes that follow from the shapes of x (N, C, H, W) and w (O, C, kh, kw). Throws Error if the
// kernel does not fit into the padded image.
ConvolutionSizes convolution_sizes(const ConvolutionGeometry& geometry, const Shape& x,
                                   const Shape& w);

// Whether a convolution is a product of matrices: 1x1, of stride 1, without padding.
inline bool is_pointwise(const ConvolutionSizes& s) {
  return s.kernel_height == 1 && s.kernel_width == 1 && s.stride == 1 && s.padding == 0;
}

}  // namespace odin
