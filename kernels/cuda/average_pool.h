// Average pooling, with the batch norm and ReLU before it.
#pragma once

#include "kernels/cuda/runtime/view.h"

namespace odin::cuda {

// y[n,c,i,j] = mean of affine(x) over the window x window pixels from (i stride, j stride); rows
// and columns at the end that fill no window are left out. Global pooling is a window of H = W.
// y has the element type of x or is float.
void average_pool_forward(int window, int stride, Affine affine, ConstView x, View y,
                          Stream stream);
// dx += the gradient: dy / window^2 from every window that a pixel is in, times scale, and only
// where scale x + shift > 0 if affine.relu. x is needed only then; else it may be empty. x and dx
// have one element type, dy has the same or float.
void average_pool_backward(int window, int stride, Affine affine, ConstView x, ConstView dy,
                           View dx, Stream stream);

}  // namespace odin::cuda
