// Convolutions for running networks layer by layer. Activations are float or half; where they are
// half, x may still be float (the image). Weights and their gradients are float; if x is half,
// weights are multiplied as halves.
#pragma once

#include <memory>

#include "kernels/cuda/conv/convolution.h"
#include "kernels/precision.h"

namespace odin::cuda {

// Weights (outputs, inputs, height, width), dense and row-major in device memory.
template <class Float>
struct ConvolutionWeights {
  Float* data = nullptr;
  int outputs = 0;
  int inputs = 0;
  int height = 1;
  int width = 1;

  std::size_t numel() const {
    return static_cast<std::size_t>(outputs) * static_cast<std::size_t>(inputs) *
           static_cast<std::size_t>(height * width);
  }
};

class LayerConvolution {
 public:
  virtual ~LayerConvolution() = default;

  // y = convolution of x with w
  virtual void forward(const ConvolutionGeometry& geometry, ConstView x,
                       ConvolutionWeights<const float> w, View y) = 0;
  // dx += transposed convolution of dy with w
  virtual void backward_data(const ConvolutionGeometry& geometry, ConstView dy,
                             ConvolutionWeights<const float> w, View dx) = 0;
  // dw += gradient in the weights
  virtual void backward_filter(const ConvolutionGeometry& geometry, ConstView x, ConstView dy,
                               ConvolutionWeights<float> dw) = 0;
};

// Our own kernels.
std::unique_ptr<LayerConvolution> make_own_layer_convolution(Precision precision, Stream stream);
// cuDNN, and cuBLAS for 1x1 convolutions where it is faster, which is measured once for each shape.
std::unique_ptr<LayerConvolution> make_cudnn_layer_convolution(Precision precision, Stream stream);

}  // namespace odin::cuda
