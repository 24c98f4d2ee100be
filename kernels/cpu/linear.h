// The fully connected layer, as products of matrices with oneDNN.
#pragma once

#include "kernels/tensor_view.h"
#include "kernels/thread_pool.h"

namespace odin::cpu {

void linear_forward(ThreadPool& pool, const ConstTensorView& x, const ConstTensorView& w,
                    const ConstTensorView& b, const TensorView& y);
void linear_backward(ThreadPool& pool, const ConstTensorView& x, const ConstTensorView& w,
                     const ConstTensorView& dy, const TensorView& dx, const TensorView& dw,
                     const TensorView& db);

}  // namespace odin::cpu
