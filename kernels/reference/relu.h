// ReLU, on activations (N, C, H, W).
#pragma once

#include "kernels/tensor_view.h"

namespace odin::reference {

void relu_forward(const ConstTensorView& x, const TensorView& y);
void relu_backward(const ConstTensorView& y, const ConstTensorView& dy, const TensorView& dx);

}  // namespace odin::reference
