// Stochastic gradient descent with momentum, in plain loops.
#pragma once

#include "kernels/backend.h"

namespace odin::reference {

void sgd_step(const SgdSetting& setting, const ConstTensorView& gradient, const TensorView& w,
              const TensorView& velocity);

}  // namespace odin::reference
