// ReLU on planar activations.
#pragma once

#include "kernels/tensor_view.h"
#include "kernels/thread_pool.h"

namespace odin::cpu {

void relu_forward(ThreadPool& pool, const ConstTensorView& x, const TensorView& y);
void relu_backward(ThreadPool& pool, const ConstTensorView& y, const ConstTensorView& dy,
                   const TensorView& dx);

}  // namespace odin::cpu
