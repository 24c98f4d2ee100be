// The sum at the end of a residual block.
#pragma once

#include "nn/layer.h"

namespace odin {

// y = a + b, both of the same shape.
class Add final : public Layer {
 public:
  MapShape output_shape(std::span<const MapShape> inputs) const override {
    require(inputs[0] == inputs[1], "activations of different shapes cannot be added");
    return inputs[0];
  }
  void forward(const LayerContext& context, Inputs x, TensorView y) const override {
    context.backend.add(x[0], x[1], y);
  }
  void backward(const LayerContext& context, Inputs /*x*/, ConstTensorView /*y*/,
                ConstTensorView dy, std::span<const TensorView> dx) const override {
    for (const TensorView& d : dx) {
      if (!d.empty()) context.backend.add(d, dy, d);
    }
  }
};

}  // namespace odin
