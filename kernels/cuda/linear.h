// The classifier at the end of a network: few outputs, so a matrix product per warp, not per tile.
#pragma once

#include "kernels/cuda/runtime/view.h"

namespace odin::cuda {

// y[n,k] = sum over d of w[k,d] x[n,d] + b[k]. x (N, D) of any element type; w (K, D) and b (K)
// dense float; y (N, K) float. b may be nullptr for none.
void linear_forward(ConstView x, const float* w, const float* b, View y, Stream stream);
// dx[n,d] += sum over k of dy[n,k] w[k,d]; dy float, dx of any element type
void linear_backward_data(ConstView dy, const float* w, View dx, Stream stream);
// dw[k,d] += sum over n of dy[n,k] x[n,d]; db[k] += sum over n of dy[n,k]. x and dy float. Either
// of dw and db may be nullptr.
void linear_backward_weights(ConstView x, ConstView dy, float* dw, float* db, Stream stream);
// y[p,c] += b[c] for every pixel p: the bias after a matrix product of a library
void add_bias(const float* b, View y, Stream stream);

}  // namespace odin::cuda
