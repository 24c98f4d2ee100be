// Convolution without a bias, as in both networks.
#pragma once

#include "nn/layer.h"

namespace odin {

// y[n,o] = sum over c of w[o,c] * x[n,c] (cross-correlation), zero padding on all sides.
// x (N, C, H, W), weight (O, C, k, k), y (N, O, (H + 2 padding - k) / stride + 1, ...).
class Convolution final : public Layer {
 public:
  // Throws Error unless channels and kernel are positive.
  Convolution(int in_channels, int out_channels, int kernel, int stride = 1, int padding = 0);

  int kernel() const { return kernel_; }
  const ConvolutionGeometry& geometry() const { return geometry_; }

  std::vector<ParameterSpec> parameters() const override;
  MapShape output_shape(std::span<const MapShape> inputs) const override;
  void forward(const LayerContext& context, Inputs x, TensorView y) const override;
  void backward(const LayerContext& context, Inputs x, ConstTensorView y, ConstTensorView dy,
                std::span<const TensorView> dx) const override;

 private:
  int in_channels_;
  int out_channels_;
  int kernel_;
  ConvolutionGeometry geometry_;
};

}  // namespace odin
