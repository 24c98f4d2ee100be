#include "kernels/cuda/conv/layer_convolution.h"

#include "kernels/cuda/backend.h"
#include "kernels/cuda/runtime/view_of.h"

namespace odin::cuda {
namespace {

template <class Float, class AnyTensorView>
ConvolutionWeights<Float> weights_of(AnyTensorView w) {
  const Shape& shape = w.shape();
  return {w.template data<float>(), static_cast<int>(shape[0]), static_cast<int>(shape[1]),
          static_cast<int>(shape[2]), static_cast<int>(shape[3])};
}

}  // namespace

void CudaBackend::do_convolution_forward(const ConvolutionGeometry& geometry, ConstTensorView x,
                                         ConstTensorView w, TensorView y) {
  convolution_->forward(geometry, view_of(x), weights_of<const float>(w), view_of(y));
}

void CudaBackend::do_convolution_backward_data(const ConvolutionGeometry& geometry,
                                               ConstTensorView dy, ConstTensorView w,
                                               TensorView dx) {
  convolution_->backward_data(geometry, view_of(dy), weights_of<const float>(w), view_of(dx));
}

void CudaBackend::do_convolution_backward_filter(const ConvolutionGeometry& geometry,
                                                 ConstTensorView x, ConstTensorView dy,
                                                 TensorView dw) {
  convolution_->backward_filter(geometry, view_of(x), view_of(dy), weights_of<float>(dw));
}

}  // namespace odin::cuda
