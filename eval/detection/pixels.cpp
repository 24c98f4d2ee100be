#include "eval/detection/pixels.h"

#include <cstddef>

#include "kernels/error.h"

namespace odin {
namespace {

float pixel_of(std::uint8_t value) {
  return static_cast<float>(value) / 255.0F;
}

float pixel_of(float value) {
  require(value >= 0 && value <= 1,
          "a pixel is {} where floats must be in 0..1: divide pixels in 0..255 by 255, and do not "
          "normalise them",
          value);
  return value;
}

template <class Pixel>
void convert(std::span<const Pixel> images, PixelLayout layout, const ImageShape& shape,
             float* planes) {
  if (layout == PixelLayout::kPlanar) {
    for (const Pixel value : images) *planes++ = pixel_of(value);
    return;
  }
  const auto channels = static_cast<std::size_t>(shape.channels);
  const auto plane = static_cast<std::size_t>(shape.pixels());
  for (std::size_t image = 0; image < images.size(); image += channels * plane) {
    for (std::size_t channel = 0; channel < channels; ++channel) {
      const Pixel* from = images.data() + image + channel;
      for (std::size_t i = 0; i < plane; ++i) *planes++ = pixel_of(from[i * channels]);
    }
  }
}

}  // namespace

void to_planes(std::span<const std::uint8_t> images, PixelLayout layout, const ImageShape& shape,
               float* planes) {
  convert(images, layout, shape, planes);
}

void to_planes(std::span<const float> images, PixelLayout layout, const ImageShape& shape,
               float* planes) {
  convert(images, layout, shape, planes);
}

}  // namespace odin
