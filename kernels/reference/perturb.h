// ODIN's input pre-processing (Liang et al. 2018, equation 2).
#pragma once

#include "kernels/tensor_view.h"

namespace odin::reference {

void perturb(const ConstTensorView& x, const ConstTensorView& gradient, const ConstTensorView& step,
             const TensorView& y);

}  // namespace odin::reference
