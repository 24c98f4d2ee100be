// What happens to a convolution's sums on their way to memory, forward and backward, in every
// version except the plain one.
#pragma once

#include "kernels/cuda/conv/convolution.h"

namespace odin::cuda {

// What happens to the sum z of channel c of a pixel, in this order:
// - z + bias[c];
// - max(z, 0) if relu;
// - if affine.relu: zero where the mask is not set or, without a mask, affine(x) is not above zero;
// - times affine.scale[c];
// - plus the addend.
// What is nullptr (or false) is skipped. The result goes to `target`.
struct Epilogue {
  const float* bias = nullptr;
  bool relu = false;
  ReluMask output_mask;  // of relu, to be written
  Affine affine;
  ReluMask mask;
  ConstView x;
  ConstView addend;
  View target;
  // Besides: next(result), and the mask of next.relu. Only for channels that fill whole bytes of a
  // mask.
  Affine next;
  View normalised;
  ReluMask normalised_mask;
  int width = 1;  // channels at a time, 1, 2, 4 or 8, for which every operand is aligned
};

Epilogue epilogue_of(const ForwardConvolution& convolution);
Epilogue epilogue_of(const BackwardConvolution& convolution);

}  // namespace odin::cuda
