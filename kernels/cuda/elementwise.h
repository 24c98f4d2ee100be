// Kernels that treat every element alike.
//
// In this folder all pointers are to device memory, operands of one call have one element type
// unless the comment says otherwise, work is queued on `stream` and nothing waits for it. An empty
// operand (N = 0) does nothing. Operands whose shapes differ throw Error, as does a launch that
// CUDA refuses.
#pragma once

#include "kernels/cuda/runtime/view.h"

namespace odin::cuda {

// y = value
void fill(View y, float value, Stream stream);
// y = x, element types may differ (rounded to nearest, even)
void copy(ConstView x, View y, Stream stream);
// y = a + b; y may be a or b
void add(ConstView a, ConstView b, View y, Stream stream);

// found[0] = 1 where one of `count` values is infinite or not a number, else as it was
void find_not_finite(const float* x, std::int64_t count, std::int32_t* found, Stream stream);

// y = max(x, 0)
void relu_forward(ConstView x, View y, Stream stream);
// dx += dy where y > 0
void relu_backward(ConstView y, ConstView dy, View dx, Stream stream);

// Fused batch norm and ReLU of evaluation: y = affine(x); y may be x.
void affine_forward(Affine affine, ConstView x, View y, Stream stream);
// dx += scale dy, only where scale x + shift > 0 if affine.relu; recomputed from x, so that nothing
// but x is kept. With the identity and relu, x may as well be the activation after the ReLU.
void affine_backward(Affine affine, ConstView x, ConstView dy, View dx, Stream stream);

}  // namespace odin::cuda
