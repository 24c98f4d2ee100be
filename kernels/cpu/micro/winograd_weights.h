// Winograd's weight transform, U = G g G^T (winograd.h), packed for the micro-kernel.
#pragma once

#include "kernels/cpu/micro/gemm.h"
#include "kernels/cpu/micro/winograd_algorithm.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

// Packs U = G g G^T of every kernel g, place by place, each place in the order of multiply_panel().
inline void pack_winograd(const WeightMatrix& w, int stride, float* packed) {
  const long place = static_cast<long>(w.rows) * w.columns;
  // A few columns at a time: their 36 places are on 36 different pages, and it is faster not to
  // write to all pages in turn.
  constexpr int kColumns = 32;
  float some[36][kColumns * kRows];
  for (int row = w.first_row; row < end_row_of(w);) {
    const int block = block_rows(w.rows - row);
    for (int first = 0; first < w.columns; first += kColumns) {
      const int count = w.columns - first < kColumns ? w.columns - first : kColumns;
      for (int k = 0; k < count; ++k) {
        float g[3][3][kRows] = {};  // [column of the kernel][row of the kernel]
        for (int i = 0; i < block; ++i) {
          const float* from = w.data + (row + i) * w.row_stride + (first + k) * w.column_stride;
          const float scale = w.row_scale == nullptr ? 1.0f : w.row_scale[row + i];
          for (int tap = 0; tap < 9; ++tap) g[tap % 3][tap / 3][i] = scale * from[tap];
        }
        float half[6][3][kRows];  // [row of U][column of the kernel]
        for (int q = 0; q < 3; ++q) {
          float u[6][kRows];
          transform_kernel(stride, g[q], u);
          for (int p = 0; p < 6; ++p) memcpy(half[p][q], u[p], sizeof u[p]);
        }
        for (int p = 0; p < 6; ++p) {
          float u[6][kRows];
          transform_kernel(stride, half[p], u);
          for (int q = 0; q < 6; ++q) {
            for (int i = 0; i < block; ++i) some[6 * p + q][k * block + i] = u[q][i];
          }
        }
      }
      for (int p = 0; p < 36; ++p) {
        memcpy(packed + p * place + static_cast<long>(row) * w.columns + first * block, some[p],
               sizeof(float) * static_cast<unsigned long>(count * block));
      }
    }
    row += block;
  }
}

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
