// Stochastic gradient descent with momentum.
#pragma once

#include "kernels/backend.h"
#include "kernels/thread_pool.h"

namespace odin::cpu {

void sgd_step(ThreadPool& pool, const SgdSetting& setting, const ConstTensorView& gradient,
              const TensorView& w, const TensorView& velocity);

}  // namespace odin::cpu
