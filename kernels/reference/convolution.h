// Convolution and its two gradients; the formulas are in kernels/backend.h.
#pragma once

#include "kernels/checks.h"
#include "kernels/tensor_view.h"

namespace odin::reference {

void convolution_forward(const ConvolutionSizes& sizes, const ConstTensorView& x,
                         const ConstTensorView& w, const TensorView& y);
void convolution_backward_data(const ConvolutionSizes& sizes, const ConstTensorView& dy,
                               const ConstTensorView& w, const TensorView& dx);
void convolution_backward_filter(const ConvolutionSizes& sizes, const ConstTensorView& x,
                                 const ConstTensorView& dy, const TensorView& dw);

}  // namespace odin::reference
