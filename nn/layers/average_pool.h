// Average pooling, windowed and global.
#pragma once

#include "nn/layer.h"

namespace odin {

// The mean over windows of `window` x `window` pixels, `stride` pixels apart: x (N, C, H, W) to
// y (N, C, (H - window) / stride + 1, ...). Rows and columns that do not fill a window are ignored.
// With a window as large as the map this is global pooling.
class AveragePool final : public Layer {
 public:
  AveragePool(int window, int stride);

  int window() const { return window_; }
  int stride() const { return stride_; }

  MapShape output_shape(std::span<const MapShape> inputs) const override;
  void forward(const LayerContext& context, Inputs x, TensorView y) const override;
  void backward(const LayerContext& context, Inputs x, ConstTensorView y, ConstTensorView dy,
                std::span<const TensorView> dx) const override;

 private:
  int window_;
  int stride_;
};

}  // namespace odin
