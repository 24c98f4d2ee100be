// The rectifier.
#pragma once

#include "nn/layer.h"

namespace odin {

// y = max(x, 0), any shape.
class Relu final : public Layer {
 public:
  MapShape output_shape(std::span<const MapShape> inputs) const override { return inputs[0]; }
  void forward(const LayerContext& context, Inputs x, TensorView y) const override {
    context.backend.relu_forward(x[0], y);
  }
  void backward(const LayerContext& context, Inputs /*x*/, ConstTensorView y, ConstTensorView dy,
                std::span<const TensorView> dx) const override {
    context.backend.relu_backward(y, dy, dx[0]);
  }
};

}  // namespace odin
