#include "kernels/cuda/layer_convolution.h"
#include "kernels/cuda/layout.h"
#include "kernels/cuda/library_convolution.h"
#include "kernels/cuda/memory.h"

namespace odin::cuda {
namespace {

void* writable(const ConstView& view) {
  return const_cast<void*>(view.data);
}

class CudnnLayerConvolution final : public LayerConvolution {
 public:
  CudnnLayerConvolution(Multiply multiply, Stream stream)
      : multiply_(multiply), workspace_(LibraryConvolutions::kWorkspace) {
    lane_ = {stream, workspace_.data(), workspace_.size()};
  }

  void forward(const ConvolutionGeometry& geometry, ConstView x, Weights<const float> w,
               View y) override {
    if (y.empty()) return;
    run(ConvolutionPass::kForward, geometry, x, channels_last(w), y, false);
  }
  void backward_data(const ConvolutionGeometry& geometry, ConstView dy, Weights<const float> w,
                     View dx) override {
    if (dx.empty()) return;
    run(ConvolutionPass::kBackwardData, geometry, dx, channels_last(w), dy, true);
  }
  void backward_filter(const ConvolutionGeometry& geometry, ConstView x, ConstView dy,
                       Weights<float> dw) override {
    if (x.empty()) return;
    const View sum =
        channels_last(Weights<const float>{dw.data, dw.outputs, dw.inputs, dw.height, dw.width});
    run(ConvolutionPass::kBackwardFilter, geometry, x, sum, dy, true);
    to_nchw(sum, dw.data, lane_.stream);
  }

 private:
  // Weights (O, C, kh, kw) as cuDNN wants them beside NHWC: (O, kh, kw, C).
  View channels_last(const Weights<const float>& w) {
    const View view{weights_.get(w.numel() * sizeof(float)),
                    Element::kFloat,
                    w.outputs,
                    w.height,
                    w.width,
                    w.inputs,
                    w.inputs};
    from_nchw(w.data, view, lane_.stream);
    return view;
  }

  void run(ConvolutionPass pass, const ConvolutionGeometry& geometry, const ConstView& x,
           const ConstView& w, const ConstView& y, bool accumulate) {
    CudnnConvolution convolution;
    convolution.pass = pass;
    convolution.stride = geometry.stride;
    convolution.padding = geometry.padding;
    convolution.x = CudnnOperand(x);
    convolution.w = CudnnOperand(w);
    convolution.y = CudnnOperand(y);
    convolution.multiply = multiply_;
    convolution.accumulate = accumulate;
    CudnnPointers pointers;
    pointers.x = writable(x);
    pointers.w = writable(w);
    pointers.y = writable(y);
    library_.run(convolution, pointers, lane_);
  }

  Multiply multiply_;
  DeviceBuffer workspace_;
  Scratch weights_;
  Lane lane_;
  LibraryConvolutions library_;
};

}  // namespace

std::unique_ptr<LayerConvolution> make_cudnn_layer_convolution(Multiply multiply, Stream stream) {
  return std::make_unique<CudnnLayerConvolution>(multiply, stream);
}

}  // namespace odin::cuda
