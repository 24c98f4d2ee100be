// Convolutions of float activations, for running networks layer by layer.
#pragma once

#include <memory>

#include "kernels/backend.h"
#include "kernels/cuda/convolution.h"

namespace odin::cuda {

// Weights (O, C, kh, kw) in the layout of the device: a dense view of O images of kh x kw pixels
// with C channels.
class LayerConvolution {
 public:
  virtual ~LayerConvolution() = default;

  // y = convolution of x with w
  virtual void forward(const ConvolutionGeometry& geometry, ConstView x, ConstView w, View y) = 0;
  // dx += transposed convolution of dy with w
  virtual void backward_data(const ConvolutionGeometry& geometry, ConstView dy, ConstView w,
                             View dx) = 0;
  // dw += gradient in the weights
  virtual void backward_filter(const ConvolutionGeometry& geometry, ConstView x, ConstView dy,
                               View dw) = 0;
};

// Our own kernels.
std::unique_ptr<LayerConvolution> make_own_layer_convolution(Multiply multiply, Stream stream);
// cuDNN, and cuBLAS for 1x1 convolutions where it is faster: measured once for each shape.
std::unique_ptr<LayerConvolution> make_cudnn_layer_convolution(Multiply multiply, Stream stream);

}  // namespace odin::cuda
