#include "kernels/backend.h"

namespace odin {

std::int64_t windowed_extent(std::int64_t extent, std::int64_t window, int stride, int padding) {
  require(window >= 1 && stride >= 1 && padding >= 0,
          "a window of {} at stride {} with padding {} is not possible", window, stride, padding);
  require(extent + 2 * padding >= window,
          "a window of {} does not fit into {} elements padded by {}", window, extent, padding);
  return (extent + 2 * padding - window) / stride + 1;
}

}  // namespace odin
