// The micro-kernel, which does all multiplications of all convolutions.
//
// It multiplies a block of kRows rows of weights by a panel of two vectors of columns (pixels or
// Winograd tiles). Both are packed in the order in which it reads them: a[k][rows], b[k][kPanel].
// The sums stay in registers from the first k to the last. Then the epilogue writes them to memory.
#pragma once

#include "kernels/cpu/caches.h"
#include "kernels/cpu/micro/operands.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

// Where a block of products goes: row i goes to y + i row.
struct Destination {
  Store store;
  float* y;
  long row;
  const float* bias;  // of row 0, or null
  Word* mask;         // of row 0, vector 0; vectors are consecutive
  long mask_row;
  const float* residual;  // of row 0, vector 0; vectors are consecutive
  long residual_row;
  long ahead;  // floats of the panel that are asked for ahead of those that are read

  // Moves on by `rows` rows.
  ODIN_INLINE void advance(int rows) {
    y += rows * row;
    if (bias != nullptr) bias += rows;
    if (mask != nullptr) mask += rows * mask_row;
    if (residual != nullptr) residual += rows * residual_row;
  }
};

template <Store kStore, int kBlock, int kWidth>
ODIN_INLINE void store_block(const Vector (&sum)[kBlock][kWidth], const Destination& to) {
  float* y = to.y;
  Word* mask = to.mask;
  const float* residual = to.residual;
#pragma GCC unroll 12
  for (int i = 0; i < kBlock; ++i) {
#pragma GCC unroll 2
    for (int v = 0; v < kWidth; ++v) {
      put<kStore>(y + v * kLanes, sum[i][v], mask, v, residual);
    }
    y += to.row;
    if constexpr (kStore == Store::kResidual) residual += to.residual_row;
    if constexpr (kStore == Store::kRelu) {
      if (mask != nullptr) mask += to.mask_row;
    }
    if constexpr (kStore == Store::kMaskedSet || kStore == Store::kMaskedAdd) mask += to.mask_row;
  }
}

// Bias and epilogue.
template <int kBlock, int kWidth>
ODIN_INLINE void finish_block(Vector (&sum)[kBlock][kWidth], const Destination& to) {
  if (to.bias != nullptr) {
#pragma GCC unroll 12
    for (int i = 0; i < kBlock; ++i) {
#pragma GCC unroll 2
      for (int v = 0; v < kWidth; ++v) sum[i][v] += splat(to.bias[i]);
    }
  }
  switch (to.store) {
    case Store::kSet:
      return store_block<Store::kSet>(sum, to);
    case Store::kRelu:
      return store_block<Store::kRelu>(sum, to);
    case Store::kResidual:
      return store_block<Store::kResidual>(sum, to);
    case Store::kAdd:
      return store_block<Store::kAdd>(sum, to);
    case Store::kMaskedSet:
      return store_block<Store::kMaskedSet>(sum, to);
    case Store::kMaskedAdd:
      return store_block<Store::kMaskedAdd>(sum, to);
  }
}

template <int kBlock, int kWidth>
ODIN_INLINE void clear_block(Vector (&sum)[kBlock][kWidth]) {
#pragma GCC unroll 12
  for (int i = 0; i < kBlock; ++i) {
#pragma GCC unroll 2
    for (int v = 0; v < kWidth; ++v) sum[i][v] = Vector{};
  }
}

// sum[i] += a[i kStep] x, one step of the depth.
template <int kStep, int kBlock, int kWidth>
ODIN_INLINE void add_products(const float* a, const Vector (&x)[kWidth],
                              Vector (&sum)[kBlock][kWidth]) {
#pragma GCC unroll 12
  for (int i = 0; i < kBlock; ++i) {
    const Vector w = splat(a[i * kStep]);
#pragma GCC unroll 3
    for (int v = 0; v < kWidth; ++v) sum[i][v] += w * x[v];
  }
}
// The same with b in memory.
template <int kStep, int kBlock, int kWidth>
ODIN_INLINE void add_products(const float* a, const float* b, Vector (&sum)[kBlock][kWidth]) {
  Vector x[kWidth];
#pragma GCC unroll 3
  for (int v = 0; v < kWidth; ++v) x[v] = load(b + v * kLanes);
  add_products<kStep>(a, x, sum);
}

// Weights are read front to back. Those of a large layer come from memory: prefetched this many
// floats ahead, they arrive in time. (The processor's own prefetcher starts again on every page.)
constexpr int kAhead = 2048;

// What Destination::ahead should be for a panel.
ODIN_INLINE long floats_ahead(int depth) {
  const long bytes = static_cast<long>(depth) * kPanel * static_cast<long>(sizeof(float));
  return panel_steps_ahead(first_level_cache(), bytes) * static_cast<long>(kPanel);
}

// Asks for the part of a panel that a later step reads.
template <int kWidth>
ODIN_INLINE void prefetch_panel(const float* b) {
#pragma GCC unroll 2
  for (int v = 0; v < kWidth; v += kLanes < 16 ? 2 : 1) __builtin_prefetch(b + v * kLanes);
}

template <int kBlock, int kWidth>
__attribute__((noinline)) void multiply_block(const float* a, const float* b, int depth,
                                              const Destination& to) {
  Vector sum[kBlock][kWidth];
  clear_block(sum);
  for (int k = 0; k < depth; ++k, a += kBlock, b += kPanel) {
    ask_for(a + kAhead);
    prefetch_panel<kWidth>(b + to.ahead);
    add_products<1>(a, b, sum);
  }
  finish_block(sum, to);
}

// kStep steps of the depth, which are the rows of one block of a packed matrix that is transposed.
// The weights for the next block of results follow these in memory, but the weights for the next
// step are far away, so the processor does not prefetch them.
template <int kStep, int kBlock, int kWidth>
ODIN_INLINE void add_transposed(const float* a, const float*& b, long ahead,
                                Vector (&sum)[kBlock][kWidth]) {
  for (int k = 0; k < kStep; ++k, b += kPanel) {
    if (16 * k < kStep * kBlock) ask_for(a + kStep * kBlock + 16 * k);
    prefetch_panel<kWidth>(b + ahead);
    add_products<kStep>(a + k, b, sum);
  }
}

// Like multiply_block(), with the transpose of a packed matrix of `depth` rows and `columns`
// columns. The results belong to its columns [first, first + kBlock).
template <int kBlock, int kWidth>
__attribute__((noinline)) void multiply_transposed(const float* a, int columns, int first,
                                                   const float* b, int depth,
                                                   const Destination& to) {
  Vector sum[kBlock][kWidth];
  clear_block(sum);
  int left = depth;
  for (; left >= kRows; left -= kRows, a += static_cast<long>(kRows) * columns) {
    add_transposed<kRows>(a + first * kRows, b, to.ahead, sum);
  }
  if (kRows > 8 && left >= 8) {
    add_transposed<8>(a + first * 8, b, to.ahead, sum);
    left -= 8;
    a += 8L * columns;
  }
  if (left >= 4) {
    add_transposed<4>(a + first * 4, b, to.ahead, sum);
    left -= 4;
    a += 4L * columns;
  }
  if (left >= 2) {
    add_transposed<2>(a + first * 2, b, to.ahead, sum);
    left -= 2;
    a += 2L * columns;
  }
  if (left == 1) add_transposed<1>(a + first, b, to.ahead, sum);
  finish_block(sum, to);
}

// Rows are divided into blocks of kRows, and the rest into blocks of powers of two.
ODIN_INLINE int block_rows(int rows) {
  if (rows >= kRows) return kRows;
  return rows >= 8 ? 8 : rows >= 4 ? 4 : rows >= 2 ? 2 : 1;
}

template <int kValue>
struct RowsTag {
  static constexpr int value = kValue;
};
// Calls `run` with the tag of a number that block_rows() returns.
template <class Run>
ODIN_INLINE void with_rows(int rows, Run run) {
  switch (rows) {
    case kRows:
      return run(RowsTag<kRows>{});
#if defined(__AVX512F__)
    case 8:
      return run(RowsTag<8>{});
#endif
    case 4:
      return run(RowsTag<4>{});
    case 2:
      return run(RowsTag<2>{});
    default:
      return run(RowsTag<1>{});
  }
}

template <int kWidth>
ODIN_INLINE void multiply_block(int rows, const float* a, const float* b, int depth,
                                const Destination& to) {
  with_rows(rows,
            [&](auto block) { multiply_block<decltype(block)::value, kWidth>(a, b, depth, to); });
}

// The same, but computes only the first `vectors` vectors of the panel.
ODIN_INLINE void multiply_block(int rows, long vectors, const float* a, const float* b, int depth,
                                const Destination& to) {
  if (vectors >= kVectors) {
    multiply_block<kVectors>(rows, a, b, depth, to);
  } else {
    multiply_block<1>(rows, a, b, depth, to);
  }
}

template <int kWidth>
ODIN_INLINE void multiply_transposed(int rows, const float* a, int columns, int first,
                                     const float* b, int depth, const Destination& to) {
  with_rows(rows, [&](auto block) {
    multiply_transposed<decltype(block)::value, kWidth>(a, columns, first, b, depth, to);
  });
}

// Multiplies all rows of packed weights by one panel.
inline void multiply_panel(const float* a, int rows, const float* b, int depth, int vectors,
                           Destination to) {
  for (int row = 0; row < rows;) {
    const int block = block_rows(rows - row);
    multiply_block(block, vectors, a, b, depth, to);
    a += static_cast<long>(block) * depth;
    to.advance(block);
    row += block;
  }
}

// The destination of output channel 0 of an image, pixel vector `vector`.
ODIN_INLINE Destination destination_of(const ConvolutionTask& task, long image, long vector) {
  Destination to{};
  to.store = task.store;
  to.y = plane_at(task.out, image, 0) + vector * kLanes;
  to.row = task.out.plane;
  to.bias = task.bias;
  if (task.out_mask.data != nullptr) to.mask = mask_at(task.out_mask, image, 0) + vector;
  to.mask_row = task.out_mask.plane;
  if (task.residual.data != nullptr) {
    to.residual = plane_at(task.residual, image, 0) + vector * kLanes;
  }
  to.residual_row = task.residual.plane;
  to.ahead = floats_ahead(task.in_channels * task.kernel * task.kernel);
  return to;
}

ODIN_INLINE int end_row_of(const WeightMatrix& w) {
  return w.end_row == 0 ? w.rows : w.end_row;
}

// Packs weights in the order in which multiply_panel() reads them.
inline void pack(const WeightMatrix& w, float* packed) {
  packed += static_cast<long>(w.first_row) * w.columns;
  for (int row = w.first_row; row < end_row_of(w);) {
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
