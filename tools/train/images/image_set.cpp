#include "tools/train/images/image_set.h"

#include <algorithm>
#include <cmath>

namespace odin::training {

ImageSet::ImageSet(const Dataset& dataset, std::span<const float> mean, std::span<const float> std,
                   Backend& backend)
    : backend_(backend), shape_(dataset.shape()) {
  require(dataset.labelled(), "{} has no labels to train with", dataset.name());
  const auto channels = static_cast<std::size_t>(shape_.channels);
  require(mean.size() == channels && std.size() == channels,
          "{} means and {} deviations do not normalise images of {} channels", mean.size(),
          std.size(), channels);
  labels_.assign(dataset.labels().begin(), dataset.labels().end());
  const std::int64_t count = dataset.size();
  images_ = Tensor(backend, {count, shape_.channels, shape_.side, shape_.side}, DataType::kUInt8);
  // In pieces, because each byte becomes a double for the upload.
  constexpr std::int64_t kPiece = 256;
  std::vector<float> pixels(static_cast<std::size_t>(kPiece * shape_.elements()));
  std::vector<double> bytes(pixels.size());
  for (std::int64_t at = 0; at < count; at += kPiece) {
    const std::int64_t piece = std::min(kPiece, count - at);
    dataset.read(at, piece, pixels.data());
    for (std::int64_t i = 0; i < piece * shape_.elements(); ++i) {
      bytes[static_cast<std::size_t>(i)] = std::round(pixels[static_cast<std::size_t>(i)] * 255);
    }
    backend.upload(bytes.data(), images_.view().images(at, piece));
  }
  mean_ = Tensor(backend, {shape_.channels});
  mean_.upload(backend, {mean.begin(), mean.end()});
  std_ = Tensor(backend, {shape_.channels});
  std_.upload(backend, {std.begin(), std.end()});
}

void ImageSet::load(const Augmentation& augmentation, RandomKey key, ConstTensorView indices,
                    TensorView y) const {
  backend_.augment(augmentation, key, images_.view(), indices, mean_.view(), std_.view(), y);
}

}  // namespace odin::training
