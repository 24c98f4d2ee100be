// Average pooling of planar activations.
#pragma once

#include "kernels/tensor_view.h"
#include "kernels/thread_pool.h"

namespace odin::cpu {

void average_pool_forward(ThreadPool& pool, int window, int stride, const ConstTensorView& x,
                          const TensorView& y);
void average_pool_backward(ThreadPool& pool, int window, int stride, const ConstTensorView& dy,
                           const TensorView& dx);

}  // namespace odin::cpu
