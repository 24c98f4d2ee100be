// The classifier at the end.
#pragma once

#include "nn/layer.h"

namespace odin {

// y[n] = weight x[n] + bias, x (N, D, 1, 1), weight (K, D), bias (K), y (N, K, 1, 1).
class Linear final : public Layer {
 public:
  enum Parameter { kWeight, kBias };

  Linear(int in_features, int out_features);

  int out_features() const { return out_features_; }

  std::vector<ParameterSpec> parameters() const override;
  MapShape output_shape(std::span<const MapShape> inputs) const override;
  void forward(const LayerContext& context, Inputs x, TensorView y) const override;
  void backward(const LayerContext& context, Inputs x, ConstTensorView y, ConstTensorView dy,
                std::span<const TensorView> dx) const override;

 private:
  int in_features_;
  int out_features_;
};

// An activation (N, C, 1, 1) as rows (N, C).
TensorView as_rows(const TensorView& x);
ConstTensorView as_rows(const ConstTensorView& x);

}  // namespace odin
