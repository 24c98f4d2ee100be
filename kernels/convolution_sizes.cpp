#include "kernels/convolution_sizes.h"

#include "kernels/error.h"

namespace odin {

std::int64_t windowed_extent(std::int64_t extent, std::int64_t window, int stride, int padding) {
  require(window >= 1 && stride >= 1 && padding >= 0,
          "a window of {} at stride {} with padding {} is not possible", window, stride, padding);
  require(extent + 2 * padding >= window,
          "a window of {} does not fit into {} elements padded by {}", window, extent, padding);
  return (extent + 2 * padding - window) / stride + 1;
}

ConvolutionSizes convolution_sizes(const ConvolutionGeometry& geometry, const Shape& x,
                                   const Shape& w) {
  return {.images = x[0],
          .in_channels = x[1],
          .height = x[2],
          .width = x[3],
          .out_channels = w[0],
          .kernel_height = w[2],
          .kernel_width = w[3],
          .out_height = windowed_extent(x[2], w[2], geometry.stride, geometry.padding),
          .out_width = windowed_extent(x[3], w[3], geometry.stride, geometry.padding),
          .stride = geometry.stride,
          .padding = geometry.padding};
}

}  // namespace odin
