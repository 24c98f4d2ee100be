// Batch normalisation over the images and pixels of each channel, alone or with a ReLU after it.
#pragma once

#include "nn/layer.h"

namespace odin {

// y = weight (x - mean) / sqrt(variance + epsilon) + bias per channel (Ioffe & Szegedy, "Batch
// normalization", ICML 2015): mean and variance are the batch's in training, which also moves the
// running ones towards them by `kMomentum`, and the running ones in evaluation. x, y (N, C, H, W).
// With a ReLU y is max(y, 0): in training the back end computes both in one pass over memory.
class BatchNorm final : public Layer {
 public:
  static constexpr double kEpsilon = 1e-5;
  static constexpr double kMomentum = 0.1;
  // Positions in parameters().
  enum Parameter { kWeight, kBias, kRunningMean, kRunningVar };

  explicit BatchNorm(int channels, bool relu = false);

  bool relu() const { return relu_; }

  std::vector<ParameterSpec> parameters() const override;
  std::vector<Shape> saved() const override;
  int operations() const override { return relu_ ? 2 : 1; }
  MapShape output_shape(std::span<const MapShape> inputs) const override;
  void forward(const LayerContext& context, Inputs x, TensorView y) const override;
  void backward(const LayerContext& context, Inputs x, ConstTensorView y, ConstTensorView dy,
                std::span<const TensorView> dx) const override;

 private:
  void backward_evaluation(const LayerContext& context, ConstTensorView x, ConstTensorView dy,
                           const TensorView& dx) const;

  int channels_;
  bool relu_;
};

}  // namespace odin
