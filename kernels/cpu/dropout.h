// Inverted dropout (Srivastava et al. 2014) with a mask that depends on the key alone.
#pragma once

#include "kernels/backend.h"
#include "kernels/thread_pool.h"

namespace odin::cpu {

void dropout_forward(ThreadPool& pool, double rate, RandomKey key, const ConstTensorView& x,
                     const TensorView& y);
void dropout_backward(ThreadPool& pool, double rate, RandomKey key, const ConstTensorView& dy,
                      const TensorView& dx);

}  // namespace odin::cpu
