#include "eval/image/array_image.h"

#include <vector>

namespace odin {

void fit_array_image(const ArrayImage& image, const std::string& name, ImageFit fit,
                     const ImageShape& shape, std::uint8_t* pixels) {
  const std::ptrdiff_t channel_step = image.channels == 1 ? 0 : image.channel_step;
  const bool copied = image.height == shape.side && image.width == shape.side &&
                      (image.channels == shape.channels || image.channels == 1);
  if (copied) {
    for (int c = 0; c < shape.channels; ++c) {
      for (std::int64_t y = 0; y < image.height; ++y) {
        const std::uint8_t* row = image.pixels + c * channel_step + y * image.row_step;
        for (std::int64_t x = 0; x < image.width; ++x) *pixels++ = row[x * image.column_step];
      }
    }
    return;
  }
  ImageFitter fitter(name, fit, shape, pixels);
  fitter.begin(image.width, image.height);
  std::vector<std::uint8_t> rgb(3 * static_cast<std::size_t>(image.width));
  for (std::int64_t y = 0; y < image.height; ++y) {
    const std::uint8_t* from = image.pixels + y * image.row_step;
    std::uint8_t* to = rgb.data();
    for (std::int64_t x = 0; x < image.width; ++x, from += image.column_step) {
      for (int c = 0; c < 3; ++c) *to++ = from[c * channel_step];
    }
    fitter.row(rgb.data());
  }
}

}  // namespace odin
