// 3x3 convolution, stride 1, padding 1, by Winograd's minimal filtering F(4x4, 3x3) (Lavin & Gray
// 2016, "Fast Algorithms for Convolutional Neural Networks", section 4).
//
// The result is cut into tiles of 4x4. Each is made from a 6x6 tile d of the input, which overlaps
// its neighbours by two: y = A^T [ (G g G^T) . (B^T d B) ] A. The products of all channels are
// added inside the brackets. So each of the 36 places of a tile is a matrix product, (outputs x
// inputs) times (inputs x tiles): 36 multiplications replace 144.
//
// Vector lanes are tiles, in row-major order of all tile rows of all images of the group. The
// pixels of a row of tiles are consecutive, so four loads and eight shuffles bring the columns of
// sixteen tiles into lanes. Rows are transformed first, so one set of shuffles is enough.
//
// The gradient needs the kernels transposed and rotated by half a turn. We rotate the data instead:
// the 6x6 tile is read and the 4x4 tile is written back to front, in both directions. Then the
// transformed weights of the forward convolution serve both ways. They are 36 / 9 as large as the
// weights, half a gigabyte for WRN-28-10, so it matters that they are kept only once.
#pragma once

#include "kernels/cpu/micro/gemm.h"
#include "kernels/cpu/micro/winograd_input.h"
#include "kernels/cpu/micro/winograd_output.h"
#include "kernels/cpu/micro/winograd_tiling.h"
#include "kernels/cpu/micro/winograd_weights.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

// Multiplies output channels [o, o + count) by all tiles of a block, place by place.
template <bool kTransposed>
ODIN_INLINE void multiply_tiles(const ConvolutionTask& task, const Tiling& t,
                                const WinogradSpace& s, long vectors, int o, int count) {
  for (int place = 0; place < 36; ++place) {
    const float* weights =
        task.weights + static_cast<long>(place) * task.out_channels * task.in_channels;
    Destination to{};
    to.store = Store::kSet;
    to.row = t.vectors * 36 * kLanes;
    to.vector = 36 * kLanes;
    for (int row = 0; row < count;) {
      const int block = block_rows(task.out_channels - o - row);
      for (long v = 0; v < vectors; v += kVectors) {
        to.y = s.products + row * to.row + (v * 36 + place) * kLanes;
        const float* panel = s.input + place * t.place + v / kVectors * task.in_channels * kPanel;
        if constexpr (kTransposed) {
          if (vectors - v >= kVectors) {
            multiply_transposed<kVectors>(block, weights, task.out_channels, o + row, panel,
                                          task.in_channels, to);
          } else {
            multiply_transposed<1>(block, weights, task.out_channels, o + row, panel,
                                   task.in_channels, to);
          }
        } else {
          multiply_block(block, vectors - v,
                         weights + static_cast<long>(o + row) * task.in_channels, panel,
                         task.in_channels, to);
        }
      }
      row += block;
    }
  }
}

template <Load kLoad, bool kTransposed>
void winograd(const ConvolutionTask& task) {
  const Tiling t = tiling_of(task);
  const WinogradSpace s = winograd_space(task, t);
  for (long tile = 0; tile < t.vectors * kLanes; ++tile) {
    s.left[tile] = tile % t.tile_columns == 0 ? 0 : -1;
    s.right[tile] = tile % t.tile_columns == t.tile_columns - 1 ? 0 : -1;
  }
  const int all_rows = task.images * t.tile_rows;
  for (int first = 0; first < all_rows; first += t.block_rows) {
    const int end = first + t.block_rows < all_rows ? first + t.block_rows : all_rows;
    const long vectors = vectors_of(static_cast<long>(end - first) * t.tile_columns);
    // Places that no image row overwrites are the zero padding. They are the same for all channels.
    memset(s.rows, 0, sizeof(float) * static_cast<unsigned long>(6 * t.border));
    for (int c = 0; c < task.in_channels; ++c) {
      gather_rows<kLoad>(task, t, s, first, end, c);
      transform_channel<kTransposed>(task, t, s, vectors, c);
    }
    for (int o = 0; o < task.out_channels; o += t.chunk) {
      const int count = task.out_channels - o < t.chunk ? task.out_channels - o : t.chunk;
      multiply_tiles<kTransposed>(task, t, s, vectors, o, count);
      with_store(task.store, [&](auto tag) {
        for (int row = 0; row < count; ++row) {
          finish_channel<decltype(tag)::value, kTransposed>(
              task, t, s, first, end, vectors, o + row, s.products + row * t.vectors * 36 * kLanes);
        }
      });
    }
  }
}

inline void run_winograd(const ConvolutionTask& task) {
  with_load(task.load, [&](auto tag) {
    if (task.transposed) {
      winograd<decltype(tag)::value, true>(task);
    } else {
      winograd<decltype(tag)::value, false>(task);
    }
  });
}

inline long winograd_workspace(const ConvolutionTask& task) {
  ConvolutionTask counted = task;
  counted.workspace = nullptr;
  return winograd_space(counted, tiling_of(counted)).total;
}

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
