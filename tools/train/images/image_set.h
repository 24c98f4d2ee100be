// Labelled images in the memory of the device that trains, as bytes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "eval/data/dataset.h"
#include "nn/tensor.h"

namespace odin::training {

class ImageSet {
 public:
  // Copies a labelled set whose pixels are bytes. The back end must outlive it. Throws Error for a
  // set without labels, if there is not one mean and one deviation for each channel, and if there
  // is not enough memory.
  ImageSet(const Dataset& dataset, std::span<const float> mean, std::span<const float> std,
           Backend& backend);

  const ImageShape& shape() const { return shape_; }
  std::int64_t size() const { return static_cast<std::int64_t>(labels_.size()); }
  std::span<const std::int32_t> labels() const { return labels_; }

  // Writes the images of `indices` (N) int32, augmented and normalised, to y
  // (N, channels, side, side).
  void load(const Augmentation& augmentation, RandomKey key, ConstTensorView indices,
            TensorView y) const;

 private:
  Backend& backend_;
  ImageShape shape_;
  Tensor images_;  // (M, channels, side, side) uint8
  Tensor mean_;
  Tensor std_;
  std::vector<std::int32_t> labels_;
};

}  // namespace odin::training
