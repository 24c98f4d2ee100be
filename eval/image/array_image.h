// Images in the memory of a program or of a data set, in any layout.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "eval/image/fit.h"

namespace odin {

// Value (c, y, x) is pixels[c * channel_step + y * row_step + x * column_step].
struct ArrayImage {
  const std::uint8_t* pixels = nullptr;
  int channels = 3;  // 1: grey; 3: red, green and blue
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::ptrdiff_t channel_step = 0;
  std::ptrdiff_t row_step = 0;
  std::ptrdiff_t column_step = 0;
};

// Writes the image to `pixels` (channels, side, side) of `shape`, as an ImageFitter fits it: colour
// becomes luma for a shape of one channel, and grey is repeated for three. Throws Error, which
// names the image, if it cannot be fitted.
void fit_array_image(const ArrayImage& image, const std::string& name, ImageFit fit,
                     const ImageShape& shape, std::uint8_t* pixels);

}  // namespace odin
