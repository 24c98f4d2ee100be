// Images in files: PNG and JPEG.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "eval/image/fit.h"

namespace odin {

// How the colour of a JPEG image is enlarged where its file has it at half the size (4:2:0), as
// most have.
enum class JpegChroma : std::uint8_t {
  // By interpolation, as libjpeg-turbo does: Pillow, torchvision and Debian today.
  kLinear,
  // By an inverse cosine transform of twice the size, as IJG's libjpeg does since version 7: the
  // Pillow of
  // Anaconda in 2017, with which the ODIN paper's figures were made. Pixels differ by 0.9 of 255 on
  // average.
  kDct
};

// By its name: linear or dct. Throws Error for any other.
JpegChroma jpeg_chroma(std::string_view name);

// Decodes `file` into `pixels` of that shape (channels, side, side): one plane of grey, or red,
// green and blue planes. Its first bytes, not its name, decide whether it is PNG or JPEG. The bytes
// are those of Pillow's convert("RGB"), and of its convert("L") after that for grey, with kLinear:
// - grey is repeated in all channels, and a palette is looked up;
// - transparency, embedded colour profiles and orientation are ignored;
// - CMYK is taken to be inverted, as Adobe writes it;
// - of 16 bits, the upper 8 are used (Pillow clips 16-bit grey instead, which leaves little but
// white).
//
// Throws Error, which names the file, if it cannot be read, is damaged or truncated, or does not
// fit. `draw` is for random crops.
void read_image_file(const std::filesystem::path& file, ImageFit fit, const ImageShape& shape,
                     std::uint8_t* pixels, CropDraw draw = {},
                     JpegChroma chroma = JpegChroma::kLinear);

// Throws Error for what the first bytes of the file tell: that it is missing or unreadable, that it
// is no PNG or JPEG image, or that its size does not fit. Damage further on stays unnoticed.
void check_image_header(const std::filesystem::path& file, ImageFit fit, const ImageShape& shape);

}  // namespace odin
