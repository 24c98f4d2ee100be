// What happens to a convolution's sums on their way to memory; forward and backward, every version
// but the plain one.
#pragma once

#include "kernels/cuda/conv/convolution.h"

namespace odin::cuda {

// target = the sum z of a channel c of a pixel, treated in this order:
// z + bias[c]; max(z, 0) if relu; zero where affine.relu and the mask is not set or, without a mask,
// affine(x) is not above zero; times affine.scale[c]; plus the addend. What is nullptr (or false) is
// left out.
struct Epilogue {
  const float* bias = nullptr;
  bool relu = false;
  ReluMask output_mask;  // of relu, to be written
  Affine affine;
  ReluMask mask;
  ConstView x;
  ConstView addend;
  View target;
  bool aligned = false;  // everything, for four channels at a time
};

Epilogue epilogue_of(const ForwardConvolution& convolution);
Epilogue epilogue_of(const BackwardConvolution& convolution);

}  // namespace odin::cuda
