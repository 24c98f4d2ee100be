// Batch normalisation over the images and pixels of each channel.
#pragma once

#include "nn/layer.h"

namespace odin {

// y = weight (x - mean) / sqrt(variance + epsilon) + bias per channel (Ioffe & Szegedy, "Batch
// normalization", ICML 2015): mean and variance are the batch's in training, which also moves the
// running ones towards them by `kMomentum`, and the running ones in evaluation. x, y (N, C, H, W).
class BatchNorm final : public Layer {
 public:
  static constexpr double kEpsilon = 1e-5;
  static constexpr double kMomentum = 0.1;
  // Positions in parameters().
  enum Parameter { kWeight, kBias, kRunningMean, kRunningVar };

  explicit BatchNorm(int channels);

  int channels() const { return channels_; }

  std::vector<ParameterSpec> parameters() const override;
  std::vector<Shape> saved() const override;
  ImageShape output_shape(std::span<const ImageShape> inputs) const override;
  void forward(const LayerContext& context, Inputs x, TensorView y) const override;
  void backward(const LayerContext& context, Inputs x, ConstTensorView y, ConstTensorView dy,
                std::span<const TensorView> dx) const override;

 private:
  int channels_;
};

}  // namespace odin
