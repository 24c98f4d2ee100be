#include "kernels/cuda/elementwise.h"
#include "kernels/cuda/layer_convolution.h"
#include "kernels/cuda/layout.h"
#include "kernels/cuda/memory.h"

namespace odin::cuda {
namespace {

// Weights are packed anew at every call: in training they change at every step.
class OwnLayerConvolution final : public LayerConvolution {
 public:
  OwnLayerConvolution(Multiply multiply, Stream stream) : multiply_(multiply), stream_(stream) {}

  void forward(const ConvolutionGeometry& geometry, ConstView x, ConstView w, View y) override {
    if (y.empty()) return;
    ForwardConvolution convolution;
    convolution.kernel = square(w);
    convolution.stride = geometry.stride;
    convolution.padding = geometry.padding;
    convolution.x = x;
    convolution.weights = packed(w, true);
    convolution.y = y;
    convolution.multiply = multiply_;
    convolution_forward(convolution, ConvolutionVersion::kAuto, stream_);
  }

  void backward_data(const ConvolutionGeometry& geometry, ConstView dy, ConstView w,
                     View dx) override {
    if (dx.empty()) return;
    BackwardConvolution convolution;
    convolution.kernel = square(w);
    convolution.stride = geometry.stride;
    convolution.padding = geometry.padding;
    convolution.dy = dy;
    convolution.weights = packed(w, false);
    convolution.accumulate = true;
    convolution.dx = dx;
    convolution.multiply = multiply_;
    convolution_backward_data(convolution, ConvolutionVersion::kAuto, stream_);
  }

  void backward_filter(const ConvolutionGeometry& geometry, ConstView x, ConstView dy,
                       View dw) override {
    if (x.empty() || dy.empty()) return;
    auto* sum =
        static_cast<float*>(row_major_.get(static_cast<std::size_t>(dw.numel()) * sizeof(float)));
    to_nchw(dw, sum, stream_);
    convolution_backward_filter(square(dw), geometry.stride, geometry.padding, x, dy, sum, stream_);
    from_nchw(sum, dw, stream_);
  }

 private:
  static int square(const ConstView& w) {
    require(w.height == w.width, "our own convolution has square kernels, not {} x {}", w.height,
            w.width);
    return w.height;
  }

  const void* packed(ConstView w, bool forward) {
    const int kernel = square(w);
    auto* values =
        static_cast<float*>(row_major_.get(static_cast<std::size_t>(w.numel()) * sizeof(float)));
    to_nchw(w, values, stream_);
    const std::int64_t count = forward ? packed_weights(kernel, w.images, w.channels)
                                       : packed_weights(kernel, w.channels, w.images);
    void* packed = packed_.get(static_cast<std::size_t>(count) * sizeof(float));
    const auto pack = forward ? pack_forward_weights : pack_backward_weights;
    pack(values, w.images, w.channels, kernel, Element::kFloat, packed, stream_);
    return packed;
  }

  Multiply multiply_;
  Stream stream_;
  Scratch row_major_;
  Scratch packed_;
};

}  // namespace

std::unique_ptr<LayerConvolution> make_own_layer_convolution(Multiply multiply, Stream stream) {
  return std::make_unique<OwnLayerConvolution>(multiply, stream);
}

}  // namespace odin::cuda
