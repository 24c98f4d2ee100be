// 3x3 convolution, stride 1 or 2, padding 1, by Winograd's minimal filtering (Lavin & Gray 2016,
// "Fast Algorithms for Convolutional Neural Networks", section 4), in tiles of 4x4 results.
//
// Each tile is made from a window d of the input, which overlaps its neighbours: y = A^T [ (G g
// G^T) . (B^T d B) ] A. The products of all channels are added inside the brackets. So each place
// of a tile is a matrix product, (outputs x inputs) times (inputs x tiles): 36 multiplications
// replace 144 or, with stride 2, 81 do. winograd_algorithm.h has the transforms, which are
// one-dimensional.
//
// Vector lanes are tiles, in row-major order of all tile rows of all images of the group, but for
// the order within a vector (winograd_tiles.h). The pixels of a row of tiles are consecutive, so
// loads and shuffles bring the columns of sixteen tiles into lanes. Rows are transformed first, so
// one set of shuffles is enough.
//
// The gradient needs the kernels transposed and rotated by half a turn. We rotate the data instead,
// in its transforms, and walk through the packed weights the other way. Then the transformed
// weights of the forward convolution serve both ways. They are 36 / 9 as large as the weights, half
// a gigabyte for WRN-28-10, so it matters that they are kept only once.
#pragma once

#include "kernels/cpu/micro/gemm.h"
#include "kernels/cpu/micro/winograd_input.h"
#include "kernels/cpu/micro/winograd_output.h"
#include "kernels/cpu/micro/winograd_planes.h"
#include "kernels/cpu/micro/winograd_tiling.h"
#include "kernels/cpu/micro/winograd_weights.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

// Multiplies a block of rows of the weights of a place by a panel.
template <class Algorithm>
ODIN_INLINE void multiply_rows(const ConvolutionTask& task, const float* weights, int row,
                               int block, long vectors, const float* panel, const Destination& to) {
  if constexpr (Algorithm::kTransposed) {
    if (vectors >= kVectors) {
      multiply_transposed<kVectors>(block, weights, task.out_channels, row, panel, task.in_channels,
                                    to);
    } else {
      multiply_transposed<1>(block, weights, task.out_channels, row, panel, task.in_channels, to);
    }
  } else {
    weights += static_cast<long>(row) * task.in_channels;
    multiply_block(block, vectors, weights, panel, task.in_channels, to);
  }
}

// Asks for the lines that `rows` rows of products of all tiles will be stored to.
__attribute__((noinline)) inline void ask_for_rows(const Destination& to, int rows) {
  asm volatile("");  // else it would be a function without effect
  for (int i = 0; i < rows; ++i) {
    for (long l = 0; l < to.row; l += kLine) ask_for(to.y + i * to.row + l);
  }
}

// Multiplies the weights by all tiles of a block, place by place.
template <class Algorithm>
void multiply_tiles(const ConvolutionTask& task, const Tiling& t, const WinogradSpace& s,
                    long vectors) {
  const auto points_of = [](int weight_point) {
    return weight_point == kWeightPoints - 1 ? Algorithm::kLastPoints : 1;
  };
  const float* weights = task.weights;
  const long ahead = floats_ahead(task.in_channels);
  const bool far = t.far;
  for (int p = 0; p < kWeightPoints; ++p) {
    for (int q = 0; q < kWeightPoints; ++q) {
      for (int row = 0; row < task.out_channels;) {
        const int block = block_rows(task.out_channels - row);
        for (int i = p; i < p + points_of(p); ++i) {
          for (int j = q; j < q + points_of(q); ++j) {
            const int place = i * Algorithm::kPoints + j;
            const float* panel = s.input + place * t.place;
            Destination to{};
            to.store = Store::kSet;
            to.y = s.products + place * t.product_place + row * t.vectors * kLanes;
            to.row = t.vectors * kLanes;
            to.ahead = ahead;
            if (far) ask_for_rows(to, block);
            for (long v = 0; v < vectors; v += kVectors) {
              multiply_rows<Algorithm>(task, weights, row, block, vectors - v, panel, to);
              to.y += kPanel;
              panel += task.in_channels * kPanel;
            }
          }
        }
        row += block;
      }
      weights += static_cast<long>(task.out_channels) * task.in_channels;
    }
  }
}

template <class Algorithm, Load kLoad>
void winograd(const ConvolutionTask& task) {
  const Tiling t = tiling_of<Algorithm>(task);
  const WinogradSpace s = winograd_space<Algorithm>(task, t);
  find_edges(t, s);
  clear_open_sums(task, s);
  const int all_rows = task.images * t.tile_rows;
  for (int first = 0; first < all_rows; first += t.block_rows) {
    const int end = first + t.block_rows < all_rows ? first + t.block_rows : all_rows;
    const long vectors = vectors_of(static_cast<long>(end - first) * t.tile_columns);
    find_origins<Algorithm>(task, t, s, first, end);
    transform_block<Algorithm, kLoad>(task, t, s, first, end, vectors);
    multiply_tiles<Algorithm>(task, t, s, vectors);
    with_planes<Algorithm>(task, [&](auto tag) {
      for (int o = 0; o < task.out_channels; ++o) {
        finish_channel<Algorithm, typename decltype(tag)::Type>(task, t, s, first, end, vectors, o);
      }
    });
  }
  finish_open_sums(task, s);
}

// Calls run with the algorithm of a task.
template <class Run>
ODIN_INLINE auto with_algorithm(const ConvolutionTask& task, Run run) {
  if (task.stride == 2) return task.transposed ? run(Doubling{}) : run(Halving{});
  return task.transposed ? run(UnitStride<true>{}) : run(UnitStride<false>{});
}

inline void run_winograd(const ConvolutionTask& task) {
  with_algorithm(task, [&](auto algorithm) {
    with_load(task.load,
              [&](auto tag) { winograd<decltype(algorithm), decltype(tag)::value>(task); });
  });
}

inline long winograd_workspace(const ConvolutionTask& task) {
  return with_algorithm(task, [&](auto algorithm) {
    using Algorithm = decltype(algorithm);
    return workspace_of(task, [](const ConvolutionTask& t) {
      return winograd_space<Algorithm>(t, tiling_of<Algorithm>(t));
    });
  });
}

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
