#include "nn/layers/average_pool.h"

namespace odin {

AveragePool::AveragePool(int window, int stride) : window_(window), stride_(stride) {
  require(window > 0 && stride > 0, "average pooling over {} x {} at stride {} is not possible",
          window, window, stride);
}

MapShape AveragePool::output_shape(std::span<const MapShape> inputs) const {
  const auto extent = [this](int e) {
    return static_cast<int>(windowed_extent(e, window_, stride_, 0));
  };
  return {inputs[0].channels, extent(inputs[0].height), extent(inputs[0].width)};
}

void AveragePool::forward(const LayerContext& context, Inputs x, TensorView y) const {
  context.backend.average_pool_forward(window_, stride_, x[0], y);
}

void AveragePool::backward(const LayerContext& context, Inputs /*x*/, ConstTensorView /*y*/,
                           ConstTensorView dy, std::span<const TensorView> dx) const {
  context.backend.average_pool_backward(window_, stride_, dy, dx[0]);
}

}  // namespace odin
