// The micro-kernel: all the multiplications of all convolutions happen here.
//
// A block of kRows rows of weights times a panel of two vectors of columns (pixels or Winograd
// tiles), both packed so that they are read front to back: a[k][rows], b[k][kPanel]. The products
// stay in registers from the first k to the last; then the epilogue sends them to memory.
#pragma once

#include "kernels/cpu/kernel_table.h"
#include "kernels/cpu/simd.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

// Where a block of products goes: row i, vector v to y + i row + v vector.
struct Destination {
  Store store;
  float* y;
  long row;
  long vector;
  const float* bias;  // of row 0, or null
  Word* bits;         // of row 0, vector 0; vectors are consecutive
  long bits_row;
  const float* residual;  // of row 0, vector 0; vectors are consecutive
  long residual_row;
};

template <int kBlock, int kWidth>
__attribute__((noinline)) void multiply_block(const float* a, const float* b, int depth,
                                              const Destination& to) {
  Vector sum[kBlock][kWidth];
  for (int i = 0; i < kBlock; ++i) {
    const Vector start = to.bias == nullptr ? Vector{} : splat(to.bias[i]);
    for (int v = 0; v < kWidth; ++v) sum[i][v] = start;
  }
  for (int k = 0; k < depth; ++k, a += kBlock, b += kPanel) {
    Vector x[kWidth];
#pragma GCC unroll 2
    for (int v = 0; v < kWidth; ++v) x[v] = load(b + v * kLanes);
#pragma GCC unroll 12
    for (int i = 0; i < kBlock; ++i) {
      const Vector w = splat(a[i]);
#pragma GCC unroll 2
      for (int v = 0; v < kWidth; ++v) sum[i][v] += w * x[v];
    }
  }
  with_store(to.store, [&](auto tag) {
#pragma GCC unroll 12
    for (int i = 0; i < kBlock; ++i) {
#pragma GCC unroll 2
      for (int v = 0; v < kWidth; ++v) {
        put<decltype(tag)::value>(
            to.y + i * to.row + v * to.vector, sum[i][v],
            to.bits == nullptr ? nullptr : to.bits + i * to.bits_row + v,
            to.residual == nullptr ? nullptr : to.residual + i * to.residual_row + v * kLanes);
      }
    }
  });
}

// Rows come in blocks of kRows, the rest in blocks of powers of two.
ODIN_INLINE int block_rows(int rows) {
  if (rows >= kRows) return kRows;
  return rows >= 8 ? 8 : rows >= 4 ? 4 : rows >= 2 ? 2 : 1;
}

template <int kWidth>
ODIN_INLINE void multiply_block(int rows, const float* a, const float* b, int depth,
                                const Destination& to) {
  switch (rows) {
    case kRows:
      return multiply_block<kRows, kWidth>(a, b, depth, to);
#if defined(__AVX512F__)
    case 8:
      return multiply_block<8, kWidth>(a, b, depth, to);
#endif
    case 4:
      return multiply_block<4, kWidth>(a, b, depth, to);
    case 2:
      return multiply_block<2, kWidth>(a, b, depth, to);
    default:
      return multiply_block<1, kWidth>(a, b, depth, to);
  }
}

// All rows of packed weights times one panel, of which `vectors` (1 or 2) are wanted.
inline void multiply_panel(const float* a, int rows, const float* b, int depth, int vectors,
                           Destination to) {
  for (int row = 0; row < rows;) {
    const int block = block_rows(rows - row);
    if (vectors == kVectors) {
      multiply_block<kVectors>(block, a, b, depth, to);
    } else {
      multiply_block<1>(block, a, b, depth, to);
    }
    a += static_cast<long>(block) * depth;
    to.y += block * to.row;
    if (to.bias != nullptr) to.bias += block;
    if (to.bits != nullptr) to.bits += block * to.bits_row;
    if (to.residual != nullptr) to.residual += block * to.residual_row;
    row += block;
  }
}

// The destination of output channel 0 of an image, pixel vector `vector`.
ODIN_INLINE Destination destination_of(const ConvolutionTask& task, long image, long vector) {
  Destination to{};
  to.store = task.store;
  to.y = plane_at(task.out, image, 0) + vector * kLanes;
  to.row = task.out.plane;
  to.vector = kLanes;
  to.bias = task.bias;
  if (task.out_bits.data != nullptr) to.bits = bits_at(task.out_bits, image, 0) + vector;
  to.bits_row = task.out_bits.plane;
  if (task.residual.data != nullptr) {
    to.residual = plane_at(task.residual, image, 0) + vector * kLanes;
  }
  to.residual_row = task.residual.plane;
  return to;
}

// Weights in the order in which multiply_panel() reads them.
inline void pack(const WeightMatrix& w, float* packed) {
  for (int row = 0; row < w.rows;) {
    const int block = block_rows(w.rows - row);
    for (int k = 0; k < w.columns; ++k) {
      for (int i = 0; i < block; ++i) {
        const float scale = w.row_scale == nullptr ? 1.0f : w.row_scale[row + i];
        *packed++ = scale * w.data[(row + i) * w.row_stride + k * w.column_stride];
      }
    }
    row += block;
  }
}

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
