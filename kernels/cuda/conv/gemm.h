// The convolution as a product of matrices that are never stored ("implicit GEMM", Chetlur et al.
// 2014). Row m of A is a pixel of the result; its columns are all taps and input channels of that
// pixel's window, gathered from the activation on the way to shared memory. B is the packed
// weights. Forward and backward differ only in where taps lead and in what is done to the sums.
#pragma once

#include "kernels/cuda/conv/epilogue.h"

namespace odin::cuda {

constexpr int kMostTaps = 9;
constexpr int kMostReach = 3;  // rows, or columns, of the source that the taps of a pixel are in
constexpr int kMostParts = 4;

// Where a tap leads, counted from the part's first_row and first_column.
struct GemmTap {
  int row;
  int column;
  int distance;  // in pixels of the source: row times its width, plus column
  int weights;   // which of the packed taps
};

// Every step-th pixel of the target, from (row, column) on. A forward convolution has one part. A
// backward one of stride 2 has four: pixels of different parity are reached through different taps.
struct GemmPart {
  int row;
  int column;
  int height;
  int width;
  int taps;
  // The least row and column of the source that a tap leads to, relative to the step along it.
  int first_row;
  int first_column;
  GemmTap tap[kMostTaps];
};

struct GemmArguments {
  // A: the source to gather from, and its prologue.
  ConstView source;
  Affine prologue;
  ReluMask input_mask;  // of the prologue's ReLU, written
  int mask_tap;         // the one that leads to the pixel itself, if there is a mask
  int source_bytes;     // 16, 8 or 4, which each pixel's address is a multiple of
  int source_step;      // pixels of the source per step along the target
  // B
  const void* weights;  // packed
  int depth;            // packed
  // C
  Epilogue epilogue;
  int target_step;
  GemmPart part[kMostParts];
};

// The entry points, one file per element type so that they compile in parallel.
void conv_gemm_half(const GemmArguments& arguments, int parts, Stream stream);
void conv_gemm_bfloat16(const GemmArguments& arguments, int parts, Stream stream);
void conv_gemm_tf32(const GemmArguments& arguments, int parts, Stream stream);
void conv_gemm_float(const GemmArguments& arguments, int parts, Stream stream);

// The same for half precision on a GPU of compute capability 9.0. Next to the slabs, shared memory
// has room for the prologue's factors of kMostWgmmaChannels channels.
constexpr int kMostWgmmaChannels = 2048;
void conv_wgmma(const GemmArguments& arguments, int parts, Stream stream);

// Windows of 3 x 3 with stride 1 and padding 1, without a prologue, from and to at most
// kMostHaloChannels channels of half precision; images are at most kMostHaloWidth wide.
constexpr int kMostHaloChannels = 48;
constexpr int kMostHaloWidth = 64;
void conv_halo(const GemmArguments& arguments, Stream stream);

}  // namespace odin::cuda
