// ODIN's input pre-processing (Liang et al. 2018, equation 2) on planar images.
#pragma once

#include "kernels/tensor_view.h"
#include "kernels/thread_pool.h"

namespace odin::cpu {

void perturb(ThreadPool& pool, const ConstTensorView& x, const ConstTensorView& gradient,
             const ConstTensorView& step, const TensorView& y);

}  // namespace odin::cpu
