#include "kernels/cuda/layer_convolution.h"
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

  void forward(const ConvolutionGeometry& geometry, ConstView x, ConstView w, View y) override {
    if (!y.empty()) run(ConvolutionPass::kForward, geometry, x, w, y, false);
  }
  void backward_data(const ConvolutionGeometry& geometry, ConstView dy, ConstView w,
                     View dx) override {
    if (!dx.empty()) run(ConvolutionPass::kBackwardData, geometry, dx, w, dy, true);
  }
  void backward_filter(const ConvolutionGeometry& geometry, ConstView x, ConstView dy,
                       View dw) override {
    if (!x.empty()) run(ConvolutionPass::kBackwardFilter, geometry, x, dw, dy, true);
  }

 private:
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
  Lane lane_;
  LibraryConvolutions library_;
};

}  // namespace

std::unique_ptr<LayerConvolution> make_cudnn_layer_convolution(Multiply multiply, Stream stream) {
  return std::make_unique<CudnnLayerConvolution>(multiply, stream);
}

}  // namespace odin::cuda
