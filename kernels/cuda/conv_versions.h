// The versions of our convolution, one file each. What they mean is said in convolution.h; whether
// one can do a shape is asked there, too, before it is called.
#pragma once

#include "kernels/cuda/convolution.h"

namespace odin::cuda {

// conv_plain.cu
void conv_plain_forward(const ForwardConvolution& convolution, Stream stream);
void conv_plain_backward(const BackwardConvolution& convolution, Stream stream);

}  // namespace odin::cuda
