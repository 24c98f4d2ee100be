// ODIN's input pre-processing.
#pragma once

#include "kernels/cuda/runtime/view.h"

namespace odin::cuda {

// y[n,c,i,j] = x[n,c,i,j] - step[c] s, s = +1 where gradient[n,c,i,j] >= 0 and else -1 (Liang et
// al. 2018, equation 2). x and y are float (a step of a few thousandths would drown in the rounding
// of half precision), the gradient of any element type; step (C) is magnitude / std. y may be x.
void perturb(ConstView x, ConstView gradient, const float* step, View y, Stream stream);

}  // namespace odin::cuda
