// Between row-major (N, C, H, W), as hosts and files have it, and NHWC.
#pragma once

#include "kernels/cuda/runtime/view.h"

namespace odin::cuda {

// to[n, h, w, c] = from[((n C + c) H + h) W + w]; from is dense, float; to of any element type
void from_nchw(const float* from, View to, Stream stream);
// The reverse.
void to_nchw(ConstView from, float* to, Stream stream);

}  // namespace odin::cuda
