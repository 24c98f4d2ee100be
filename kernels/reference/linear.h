// The fully connected layer.
#pragma once

#include "kernels/tensor_view.h"

namespace odin::reference {

void linear_forward(const ConstTensorView& x, const ConstTensorView& w, const ConstTensorView& b,
                    const TensorView& y);
void linear_backward(const ConstTensorView& x, const ConstTensorView& w, const ConstTensorView& dy,
                     const TensorView& dx, const TensorView& dw, const TensorView& db);

}  // namespace odin::reference
