#include "nn/layers/convolution.h"

namespace odin {

Convolution::Convolution(int in_channels, int out_channels, int kernel, int stride, int padding)
    : in_channels_(in_channels),
      out_channels_(out_channels),
      kernel_(kernel),
      geometry_{stride, padding} {
  require(in_channels > 0 && out_channels > 0 && kernel > 0 && stride > 0 && padding >= 0,
          "a convolution from {} to {} channels with a kernel of {}, stride {} and padding {} is "
          "not possible",
          in_channels, out_channels, kernel, stride, padding);
}

std::vector<ParameterSpec> Convolution::parameters() const {
  return {{"weight", {out_channels_, in_channels_, kernel_, kernel_}}};
}

MapShape Convolution::output_shape(std::span<const MapShape> inputs) const {
  const MapShape& x = inputs[0];
  require(x.channels == in_channels_, "a convolution of {} channels is given {}", in_channels_,
          x.channels);
  const auto extent = [this](int e) {
    return static_cast<int>(windowed_extent(e, kernel_, geometry_.stride, geometry_.padding));
  };
  return {out_channels_, extent(x.height), extent(x.width)};
}

void Convolution::forward(const LayerContext& context, Inputs x, TensorView y) const {
  context.backend.convolution_forward(geometry_, x[0], context.parameters[0], y);
}

void Convolution::backward(const LayerContext& context, Inputs x, ConstTensorView /*y*/,
                           ConstTensorView dy, std::span<const TensorView> dx) const {
  context.backend.convolution_backward_data(geometry_, dy, context.parameters[0], dx[0]);
  context.backend.convolution_backward_filter(geometry_, x[0], dy, context.parameter_gradient(0));
}

}  // namespace odin
