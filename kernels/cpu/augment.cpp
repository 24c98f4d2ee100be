#include <array>

#include "kernels/augmentation.h"
#include "kernels/cpu/backend.h"
#include "kernels/cpu/images.h"

namespace odin::cpu {
namespace {

// The normalised value of each byte.
using Pixels = std::array<float, 256>;

Pixels normalised(float mean, float deviation) {
  Pixels pixels;
  for (std::size_t v = 0; v < pixels.size(); ++v) {
    pixels[v] = (static_cast<float>(v) / 255 - mean) / deviation;
  }
  return pixels;
}

// One plane of an image.
void augment_plane(const AugmentationDraw& draw, const Pixels& pixels, const std::uint8_t* from,
                   std::int64_t height, std::int64_t width, float* to) {
  for (std::int64_t i = 0; i < height; ++i) {
    const std::int64_t row = i + draw.down;
    const bool inside = row >= 0 && row < height;
    for (std::int64_t j = 0; j < width; ++j) {
      const std::int64_t column = (draw.mirrored ? width - 1 - j : j) + draw.right;
      *to++ = pixels[inside && column >= 0 && column < width ? from[row * width + column] : 0];
    }
  }
}

}  // namespace

void CpuBackend::do_augment(const Augmentation& augmentation, RandomKey key, ConstTensorView images,
                            ConstTensorView indices, ConstTensorView mean, ConstTensorView std,
                            TensorView y) {
  const Images<float> out = images_of("y", y);
  const std::int64_t channels = y.shape()[1];
  const std::int64_t height = y.shape()[2];
  const std::int64_t width = y.shape()[3];
  std::vector<Pixels> pixels;
  for (std::int64_t c = 0; c < channels; ++c) {
    pixels.push_back(normalised(mean.data<float>()[c], std.data<float>()[c]));
  }
  const std::int64_t plane = height * width;
  const Images<const std::uint8_t> in{images.data<std::uint8_t>(), channels * plane};
  const auto* const index = indices.data<std::int32_t>();
  pool_.run(y.shape()[0], [&](std::int64_t n, int) {
    const AugmentationDraw draw =
        draw_augmentation(augmentation.crop_padding, augmentation.flip, key.seed, key.stream,
                          static_cast<std::uint64_t>(n));
    for (std::int64_t c = 0; c < channels; ++c) {
      augment_plane(draw, pixels[static_cast<std::size_t>(c)], in.plane(index[n], c, plane), height,
                    width, out.plane(n, c, plane));
    }
  });
}

}  // namespace odin::cpu
