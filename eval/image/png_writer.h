// Images as PNG.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace odin {

// The bytes of a PNG file of 8-bit RGB that decodes to `pixels` (3, 32, 32): red, green and blue
// planes. Throws Error for another number of pixels.
std::string encode_png(std::span<const std::uint8_t> pixels);

// The same for an image of any size, `rgb` (height, width, 3).
std::string encode_png_rows(std::span<const std::uint8_t> rgb, int width, int height);

}  // namespace odin
