#include "kernels/cuda/conv/layer_convolution.h"
#include "kernels/cuda/library/library_convolution.h"
#include "kernels/cuda/operations.h"
#include "kernels/cuda/runtime/memory.h"

namespace odin::cuda {
namespace {

void* writable(const ConstView& view) {
  return const_cast<void*>(view.data);
}

// Every call brings the weights into cuDNN's order anew and rounds them to the type they are
// multiplied in: in training they change at every step, and they are small compared with the
// activations.
class CudnnLayerConvolution final : public LayerConvolution {
 public:
  CudnnLayerConvolution(Precision precision, Stream stream)
      : tf32_(precision == Precision::kTf32),
        workspace_(library_.workspace_bytes()),
        own_(make_own_layer_convolution(precision, stream)) {
    lane_ = {stream, workspace_.data(), workspace_.size()};
  }

  void forward(const ConvolutionGeometry& geometry, ConstView x, ConvolutionWeights<const float> w,
               View y) override {
    if (y.empty()) return;
    // As in an evaluation, our own kernel takes a float image next to half precision.
    if (x.element != y.element) return own_->forward(geometry, x, w, y);
    run(ConvolutionPass::kForward, geometry, x, channels_last(w, x.element), y, false);
  }
  void backward_data(const ConvolutionGeometry& geometry, ConstView dy,
                     ConvolutionWeights<const float> w, View dx) override {
    if (dx.empty()) return;
    if (dx.element != dy.element) return own_->backward_data(geometry, dy, w, dx);
    run(ConvolutionPass::kBackwardData, geometry, dx, channels_last(w, dx.element), dy, true);
  }
  void backward_filter(const ConvolutionGeometry& geometry, ConstView x, ConstView dy,
                       ConvolutionWeights<float> dw) override {
    if (x.empty()) return;
    if (dy.element != Element::kFloat) return backward_filter_of_halves(geometry, x, dy, dw);
    const View sum =
        channels_last({dw.data, dw.outputs, dw.inputs, dw.height, dw.width}, Element::kFloat);
    run(ConvolutionPass::kBackwardFilter, geometry, x, sum, dy, true);
    to_nchw(sum, dw.data, lane_.stream);
  }

 private:
  // cuDNN has no engine that writes the weights' gradient in float from halves. It sums in float
  // and rounds the sum to a half, as in PyTorch's mixed precision. Only what is added to dw is so
  // rounded.
  void backward_filter_of_halves(const ConvolutionGeometry& geometry, const ConstView& x,
                                 const ConstView& dy, const ConvolutionWeights<float>& dw) {
    const View sum = like_weights(dw, dy.element);
    run(ConvolutionPass::kBackwardFilter, geometry,
        x.element == dy.element ? x : rounded(x, dy.element), sum, dy, false);
    auto* wide = static_cast<float*>(wide_.get(dw.numel() * sizeof(float)));
    to_nchw(sum, wide, lane_.stream);
    const auto row = [&](float* data) {
      const auto count = static_cast<int>(dw.numel());
      return View{data, Element::kFloat, 1, 1, 1, count, count};
    };
    add(row(dw.data), row(wide), row(dw.data), lane_.stream);
  }

  // The image in a half type, for the gradient of the first layer's weights. Every other activation
  // is rounded the same way. Its pixels are padded to 16 bytes.
  ConstView rounded(const ConstView& x, Element element) {
    View copied{
        nullptr, element, x.images, x.height, x.width, x.channels, (x.channels + 7) / 8 * 8};
    copied.data =
        rounded_.get(static_cast<std::size_t>(copied.pixels() * copied.pitch) * size_of(element));
    copy(x, copied, lane_.stream);
    return copied;
  }

  // Memory for weights (O, C, kh, kw) in the order that cuDNN wants with NHWC: (O, kh, kw, C).
  template <class Float>
  View like_weights(const ConvolutionWeights<Float>& w, Element element) {
    return {weights_.get(w.numel() * size_of(element)),
            element,
            w.outputs,
            w.height,
            w.width,
            w.inputs,
            w.inputs};
  }
  View channels_last(const ConvolutionWeights<const float>& w, Element element) {
    const View view = like_weights(w, element);
    from_nchw(w.data, view, lane_.stream);
    return view;
  }

  void run(ConvolutionPass pass, const ConvolutionGeometry& geometry, const ConstView& x,
           const ConstView& w, const ConstView& y, bool accumulate) {
    CudnnConvolution convolution;
    convolution.pass = pass;
    convolution.geometry = geometry;
    convolution.x = CudnnOperand(x);
    convolution.w = CudnnOperand(w);
    convolution.y = CudnnOperand(y);
    convolution.tf32 = tf32_;
    convolution.accumulate = accumulate;
    CudnnPointers pointers;
    pointers.x = writable(x);
    pointers.w = writable(w);
    pointers.y = writable(y);
    library_.run(convolution, pointers, lane_);
  }

  bool tf32_;
  LibraryConvolutions library_;
  DeviceBuffer workspace_;
  Scratch weights_;
  Scratch wide_;     // weights' gradients
  Scratch rounded_;  // the image
  Lane lane_;
  std::unique_ptr<LayerConvolution> own_;
};

}  // namespace

std::unique_ptr<LayerConvolution> make_cudnn_layer_convolution(Precision precision, Stream stream) {
  return std::make_unique<CudnnLayerConvolution>(precision, stream);
}

}  // namespace odin::cuda
