// Average pooling without padding; global pooling is a window of H = W.
#pragma once

#include "kernels/tensor_view.h"

namespace odin::reference {

void average_pool_forward(int window, int stride, const ConstTensorView& x, const TensorView& y);
void average_pool_backward(int window, int stride, const ConstTensorView& dy, const TensorView& dx);

}  // namespace odin::reference
