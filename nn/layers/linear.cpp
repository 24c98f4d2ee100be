#include "nn/layers/linear.h"

namespace odin {

Linear::Linear(int in_features, int out_features)
    : in_features_(in_features), out_features_(out_features) {
  require(in_features > 0 && out_features > 0,
          "a linear layer from {} to {} features is not possible", in_features, out_features);
}

std::vector<ParameterSpec> Linear::parameters() const {
  return {{"weight", {out_features_, in_features_}}, {"bias", {out_features_}}};
}

MapShape Linear::output_shape(std::span<const MapShape> inputs) const {
  require(inputs[0] == MapShape{in_features_, 1, 1},
          "a linear layer of {} features is given {} x {} x {}", in_features_, inputs[0].channels,
          inputs[0].height, inputs[0].width);
  return {out_features_, 1, 1};
}

void Linear::forward(const LayerContext& context, Inputs x, TensorView y) const {
  context.backend.linear_forward(as_rows(x[0]), context.parameters[kWeight],
                                 context.parameters[kBias], as_rows(y));
}

void Linear::backward(const LayerContext& context, Inputs x, ConstTensorView /*y*/,
                      ConstTensorView dy, std::span<const TensorView> dx) const {
  context.backend.linear_backward(as_rows(x[0]), context.parameters[kWeight], as_rows(dy),
                                  dx[0].empty() ? TensorView() : as_rows(dx[0]),
                                  context.parameter_gradient(kWeight),
                                  context.parameter_gradient(kBias));
}

ConstTensorView as_rows(const ConstTensorView& x) {
  require(x.shape().rank() == 4 && x.shape()[2] == 1 && x.shape()[3] == 1,
          "a tensor of shape {} is not one row per image", x.shape().to_string());
  return {x.raw(), x.type(), {x.shape()[0], x.shape()[1]}, x.strides()};
}

TensorView as_rows(const TensorView& x) {
  const ConstTensorView rows = as_rows(static_cast<const ConstTensorView&>(x));
  return {x.raw(), rows.type(), rows.shape(), rows.strides()};
}

}  // namespace odin
