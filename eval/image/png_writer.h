// Images as PNG.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "nn/image_shape.h"

namespace odin {

// The bytes of a PNG file of 8-bit RGB that decodes to `pixels` of that shape (channels, side,
// side): red, green and blue planes, or one of grey. Throws Error for another number of pixels.
std::string encode_png(std::span<const std::uint8_t> pixels, const ImageShape& shape);

// The same for an image of any size, `rgb` (height, width, 3).
std::string encode_png_rows(std::span<const std::uint8_t> rgb, int width, int height);

}  // namespace odin
