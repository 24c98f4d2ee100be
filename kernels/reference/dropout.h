// Inverted dropout (Srivastava et al. 2014) with a mask that depends on the key alone.
#pragma once

#include "kernels/backend.h"
#include "kernels/tensor_view.h"

namespace odin::reference {

void dropout_forward(double rate, RandomKey key, const ConstTensorView& x, const TensorView& y);
void dropout_backward(double rate, RandomKey key, const ConstTensorView& dy, const TensorView& dx);

}  // namespace odin::reference
