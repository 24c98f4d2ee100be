#include "kernels/contracts/checks.h"

namespace odin {
namespace {

void check_indices(std::string_view operation, const ConstTensorView& indices,
                   std::int64_t images) {
  const auto index = indices.elements<std::int32_t>();
  for (std::int64_t n = 0; n < indices.shape()[0]; ++n) {
    require(index(n) >= 0 && index(n) < images, "{}: index {} is {}; it must be in [0, {})",
            operation, n, index(n), images);
  }
}

}  // namespace

void Backend::augment(const Augmentation& augmentation, RandomKey key, ConstTensorView images,
                      ConstTensorView indices, ConstTensorView mean, ConstTensorView std,
                      TensorView y) {
  const DataType type = data_type();
  check::rank(__func__, {"y", y}, 4);
  check::typed(__func__, type, {"y", y});
  check::rank(__func__, {"images", images}, 4);
  check::typed(__func__, DataType::kUInt8, {"images", images});
  check::dense(__func__, {"images", images});
  const Shape& out = y.shape();
  check::shape(__func__, {"images", images}, {images.shape()[0], out[1], out[2], out[3]}, {"y", y});
  check::typed(__func__, DataType::kInt32, {"indices", indices});
  check::shape(__func__, {"indices", indices}, {out[0]}, {"y", y});
  check::dense(__func__, {"indices", indices});
  check::channel_parameters(__func__, type, {{"mean", mean}, {"std", std}}, {"y", y});
  require(augmentation.crop_padding >= 0 && augmentation.crop_padding < 1 << 15,
          "{}: the crop padding is {}; it must be at least 0 and below 32768", __func__,
          augmentation.crop_padding);
  if (y.empty()) return;
  if (is_host()) check_indices(__func__, indices, images.shape()[0]);
  do_augment(augmentation, key, images, indices, mean, std, y);
}

}  // namespace odin
