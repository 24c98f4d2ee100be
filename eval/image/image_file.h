// Images in files: PNG and JPEG.
#pragma once

#include <cstdint>
#include <filesystem>

#include "eval/image/fit.h"

namespace odin {

// Decodes `file`, PNG or JPEG by its first bytes whatever its name, into `pixels` (3, 32, 32): red,
// green and blue planes, the same bytes as Pillow's convert("RGB") gives: grey is repeated, a
// palette looked up, transparency ignored, CMYK taken to be inverted as Adobe writes it; embedded
// colour profiles and orientation are not applied. Of 16 bits the upper 8 are taken (Pillow clips
// 16-bit grey instead, which leaves little but white).
//
// Throws Error, naming the file, where it cannot be read, is damaged or cut short, or does not fit.
// `draw` is for random crops.
void read_image_file(const std::filesystem::path& file, ImageFit fit, std::uint8_t* pixels,
                     CropDraw draw = {});

}  // namespace odin
