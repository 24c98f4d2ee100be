// Dropout.
#pragma once

#include "nn/layer.h"

namespace odin {

// In training y = x kept / (1 - rate), where each element is kept with probability 1 - rate
// (Srivastava et al., "Dropout", JMLR 2014, inverted so that evaluation is the identity).
class Dropout final : public Layer {
 public:
  explicit Dropout(double rate) : rate_(rate) {
    require(rate >= 0 && rate < 1, "a dropout rate must be in [0, 1), not {}", rate);
  }

  MapShape output_shape(std::span<const MapShape> inputs) const override { return inputs[0]; }
  void forward(const LayerContext& context, Inputs x, TensorView y) const override {
    if (context.mode == Mode::kTraining) {
      context.backend.dropout_forward(rate_, context.random, x[0], y);
    } else {
      context.backend.copy(x[0], y);
    }
  }
  void backward(const LayerContext& context, Inputs /*x*/, ConstTensorView /*y*/,
                ConstTensorView dy, std::span<const TensorView> dx) const override {
    if (context.mode == Mode::kTraining) {
      context.backend.dropout_backward(rate_, context.random, dy, dx[0]);
    } else if (!dx[0].empty()) {
      context.backend.add(dx[0], dy, dx[0]);
    }
  }

 private:
  double rate_;
};

}  // namespace odin
