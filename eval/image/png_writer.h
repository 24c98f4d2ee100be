// Images of 32 x 32 as PNG.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace odin {

// The bytes of a PNG file of 8-bit RGB that decodes to `pixels` (3, 32, 32): red, green and blue
// planes. Throws Error for another number of pixels.
std::string encode_png(std::span<const std::uint8_t> pixels);

}  // namespace odin
