// What a JPEG file does to an image: the set that the ODIN authors made went through one.
#pragma once

#include <cstdint>
#include <span>

namespace odin {

// Replaces the `pixels` (3, 32, 32: red, green and blue planes) by what is left of them after they
// were written to a JPEG file and read again, both with a libjpeg 9 of the Independent JPEG Group:
// quality 75, chroma at half the resolution. That library halves the chroma by a DCT of 16 x 16 of
// which it keeps the lower 8 x 8, and enlarges it by the inverse.
//
// The transforms are computed in double. The library's integers round a coefficient of a few images
// to its other neighbour.
void jpeg_round_trip(std::span<std::uint8_t> pixels);

}  // namespace odin
