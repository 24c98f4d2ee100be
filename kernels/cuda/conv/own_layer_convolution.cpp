#include <type_traits>

#include "kernels/cuda/conv/layer_convolution.h"
#include "kernels/cuda/runtime/memory.h"
#include "kernels/error.h"

namespace odin::cuda {
namespace {

// Every call packs the weights anew and rounds them to the type they are multiplied in: in training
// they change at every step, and they are small compared with the activations.
class OwnLayerConvolution final : public LayerConvolution {
 public:
  OwnLayerConvolution(Precision precision, Stream stream)
      : tf32_(precision == Precision::kTf32), stream_(stream) {}

  void forward(const ConvolutionGeometry& geometry, ConstView x, ConvolutionWeights<const float> w,
               View y) override {
    if (y.empty()) return;
    auto convolution = described<ForwardConvolution>(geometry, w, x.element);
    convolution.x = x;
    convolution.y = y;
    convolution_forward(convolution, ConvolutionVersion::kAuto, stream_);
  }

  void backward_data(const ConvolutionGeometry& geometry, ConstView dy,
                     ConvolutionWeights<const float> w, View dx) override {
    if (dx.empty()) return;
    auto convolution = described<BackwardConvolution>(geometry, w, dx.element);
    convolution.dy = dy;
    convolution.accumulate = true;
    convolution.dx = dx;
    convolution_backward_data(convolution, ConvolutionVersion::kAuto, stream_);
  }

  void backward_filter(const ConvolutionGeometry& geometry, ConstView x, ConstView dy,
                       ConvolutionWeights<float> dw) override {
    if (x.empty()) return;
    convolution_backward_filter(square(dw), geometry, x, dy, dw.data, stream_);
  }

 private:
  template <class Float>
  static int square(const ConvolutionWeights<Float>& w) {
    require(w.height == w.width, "our own convolution has square kernels, not {} x {}", w.height,
            w.width);
    return w.height;
  }

  // A convolution without its activations; packs the weights for it.
  template <class Convolution>
  Convolution described(const ConvolutionGeometry& geometry,
                        const ConvolutionWeights<const float>& w, Element element) {
    constexpr bool kForward = std::is_same_v<Convolution, ForwardConvolution>;
    Convolution convolution;
    convolution.kernel = square(w);
    convolution.geometry = geometry;
    convolution.tf32 = tf32_;
    const std::int64_t count = kForward ? packed_weights(convolution.kernel, w.outputs, w.inputs)
                                        : packed_weights(convolution.kernel, w.inputs, w.outputs);
    void* packed = packed_.get(static_cast<std::size_t>(count) * size_of(element));
    const auto pack = kForward ? pack_forward_weights : pack_backward_weights;
    pack(w.data, w.outputs, w.inputs, convolution.kernel, element, packed, stream_);
    convolution.weights = packed;
    return convolution;
  }

  bool tf32_;
  Stream stream_;
  Scratch packed_;
};

}  // namespace

std::unique_ptr<LayerConvolution> make_own_layer_convolution(Precision precision, Stream stream) {
  return std::make_unique<OwnLayerConvolution>(precision, stream);
}

}  // namespace odin::cuda
