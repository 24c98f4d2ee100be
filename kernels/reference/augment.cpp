#include "kernels/augmentation.h"
#include "kernels/reference/backend.h"
#include "kernels/reference/loops.h"

namespace odin::reference {

void ReferenceBackend::do_augment(const Augmentation& augmentation, RandomKey key,
                                  ConstTensorView images, ConstTensorView indices,
                                  ConstTensorView mean, ConstTensorView std, TensorView y) {
  const auto from = images.elements<std::uint8_t>();
  const auto index = indices.elements<std::int32_t>();
  const auto centre = mean.elements<double>();
  const auto deviation = std.elements<double>();
  const auto out = y.elements<double>();
  const std::int64_t height = images.shape()[2];
  const std::int64_t width = images.shape()[3];
  for_each(y.shape(), [&](auto n, auto c, auto i, auto j) {
    const AugmentationDraw draw =
        draw_augmentation(augmentation.crop_padding, augmentation.flip, key.seed, key.stream,
                          static_cast<std::uint64_t>(n));
    const std::int64_t row = i + draw.down;
    const std::int64_t column = (draw.mirrored ? width - 1 - j : j) + draw.right;
    const bool inside = row >= 0 && row < height && column >= 0 && column < width;
    const double value = inside ? from(index(n), c, row, column) : 0;
    out(n, c, i, j) = (value / 255 - centre(c)) / deviation(c);
  });
}

}  // namespace odin::reference
