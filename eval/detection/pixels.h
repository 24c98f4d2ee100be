// The pixels of images as programs have them in memory.
#pragma once

#include <cstdint>
#include <span>

#include "nn/image_shape.h"

namespace odin {

// The order of the pixels of images, row-major.
enum class PixelLayout : std::uint8_t {
  kPlanar,      // (n, channels, height, width), as PyTorch has them
  kInterleaved  // (n, height, width, channels), as image files and most libraries have them
};

// Writes whole images of this shape to `planes`, (n, channels, height, width) in 0..1, which a
// Scorer normalises. Bytes v become v / 255; floats are in 0..1. Throws Error for a float that is
// not.
void to_planes(std::span<const std::uint8_t> images, PixelLayout layout, const ImageShape& shape,
               float* planes);
void to_planes(std::span<const float> images, PixelLayout layout, const ImageShape& shape,
               float* planes);

}  // namespace odin
