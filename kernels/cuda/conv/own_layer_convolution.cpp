#include "kernels/cuda/conv/layer_convolution.h"
#include "kernels/cuda/runtime/memory.h"

namespace odin::cuda {
namespace {

// Weights are packed, and rounded to the type they are multiplied in, anew at every call: in training
// they change at every step, and a network's are small beside its activations.
class OwnLayerConvolution final : public LayerConvolution {
 public:
  OwnLayerConvolution(Multiply multiply, Stream stream) : multiply_(multiply), stream_(stream) {}

  void forward(const ConvolutionGeometry& geometry, ConstView x, Weights<const float> w,
               View y) override {
    if (y.empty()) return;
    ForwardConvolution convolution;
    convolution.kernel = square(w);
    convolution.stride = geometry.stride;
    convolution.padding = geometry.padding;
    convolution.x = x;
    convolution.weights = packed(w, true, x.element);
    convolution.y = y;
    convolution.multiply = multiply_;
    convolution_forward(convolution, ConvolutionVersion::kAuto, stream_);
  }

  void backward_data(const ConvolutionGeometry& geometry, ConstView dy, Weights<const float> w,
                     View dx) override {
    if (dx.empty()) return;
    BackwardConvolution convolution;
    convolution.kernel = square(w);
    convolution.stride = geometry.stride;
    convolution.padding = geometry.padding;
    convolution.dy = dy;
    convolution.weights = packed(w, false, dx.element);
    convolution.accumulate = true;
    convolution.dx = dx;
    convolution.multiply = multiply_;
    convolution_backward_data(convolution, ConvolutionVersion::kAuto, stream_);
  }

  void backward_filter(const ConvolutionGeometry& geometry, ConstView x, ConstView dy,
                       Weights<float> dw) override {
    if (x.empty()) return;
    convolution_backward_filter(square(dw), geometry.stride, geometry.padding, x, dy, dw.data,
                                stream_);
  }

 private:
  template <class Float>
  static int square(const Weights<Float>& w) {
    require(w.height == w.width, "our own convolution has square kernels, not {} x {}", w.height,
            w.width);
    return w.height;
  }

  const void* packed(const Weights<const float>& w, bool forward, Element element) {
    const int kernel = square(w);
    const std::int64_t count = forward ? packed_weights(kernel, w.outputs, w.inputs)
                                       : packed_weights(kernel, w.inputs, w.outputs);
    void* packed = packed_.get(static_cast<std::size_t>(count) * size_of(element));
    const auto pack = forward ? pack_forward_weights : pack_backward_weights;
    pack(w.data, w.outputs, w.inputs, kernel, element, packed, stream_);
    return packed;
  }

  Multiply multiply_;
  Stream stream_;
  Scratch packed_;
};

}  // namespace

std::unique_ptr<LayerConvolution> make_own_layer_convolution(Multiply multiply, Stream stream) {
  return std::make_unique<OwnLayerConvolution>(multiply, stream);
}

}  // namespace odin::cuda
