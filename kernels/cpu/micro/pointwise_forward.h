// The forward pass of a 1x1 convolution of relu(scale x + shift) in training: as in pointwise.h,
// and the results are measured while they are in registers. x does not fit into a cache with its
// batch, so the next strip of it is asked for while this one is multiplied.
#pragma once

#include "kernels/cpu/micro/pointwise.h"
#include "kernels/cpu/micro/workspace.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

struct ForwardSpace {
  float* strip;  // [panel][input][kPanel]
  float* sums;   // [2][output][lane]
  long sums_part;
  long total;
};
inline ForwardSpace forward_space(const PointwiseForwardTask& task) {
  ForwardSpace s{};
  Pieces pieces(task.workspace);
  s.strip = pieces.take(long{task.in_channels} * kPanel * kStripPanels);
  s.sums_part = vectors_of(task.out_channels) * kLanes * kLanes;
  s.sums = pieces.take(2 * s.sums_part);
  s.total = pieces.total();
  return s;
}

// Packs `count` pixels of every input plane from `first` on.
template <bool kWhole>
ODIN_INLINE void pack_forward(const PointwiseForwardTask& task, int image, long first, long count,
                              float* strip) {
  const long panel = static_cast<long>(task.in_channels) * kPanel;
  const float* from = plane_at(task.in, image, 0) + first;
  for (int c = 0; c < task.in_channels; ++c, from += task.in.plane, strip += kPanel) {
    const Vector scale = splat(task.scale[c]);
    const Vector shift = splat(task.shift[c]);
#pragma GCC unroll 16
    for (int u = 0; u < kStripVectors; ++u) {
      const long left = kWhole ? kLanes : count - u * kLanes;
      const Vector z = load_some(from + u * kLanes, left) * scale + shift;
      store(strip + u / kVectors * panel + u % kVectors * kLanes, relu(z));
    }
  }
}

// Lines of the cache in a strip of a plane.
constexpr int kStripLines = kStripVectors * kLanes / kLine;

// A block of results, by outputs and one panel of pixels.
struct MeasuredBlock {
  float* y;  // of row 0
  long plane;
  long pixels;     // of the panel
  float* centres;  // of row 0
  bool first;      // of its plane: sets the centres
  float* sums;     // of row 0
  long sums_part;
  const float* next_x;  // the first of kStripLines lines of an input that will be read later
  long next_row;        // floats from the last of them to the first of the next input
};

// The mean of the first `count` numbers, or of all if there are fewer. They are stored first: a
// vector of which one lane after the other is taken would be kept in memory all the time.
ODIN_INLINE float mean_of(const Vector (&x)[kVectors], long count) {
  float numbers[kPanel];
#pragma GCC unroll 2
  for (int v = 0; v < kVectors; ++v) store(numbers + v * kLanes, x[v]);
  float total = 0;
  int used = 0;
  for (; used < kPanel && used < count; ++used) total += numbers[used];
  return total / static_cast<float>(used);
}

template <int kBlock, bool kWhole>
__attribute__((noinline)) void multiply_measured(const float* a, const float* b, int depth,
                                                 const MeasuredBlock& to) {
  Vector sum[kBlock][kVectors];
  clear_block(sum);
  const float* x = to.next_x;
  for (int k = 0; k < depth; ++k, a += kBlock, b += kPanel) {
    ask_for(x);
    x += k % kStripLines == kStripLines - 1 ? to.next_row : kLine;
    add_products<1>(a, b, sum);
  }
  if (to.first) {
#pragma GCC unroll 12
    for (int i = 0; i < kBlock; ++i) to.centres[i] = mean_of(sum[i], to.pixels);
  }
#pragma GCC unroll 12
  for (int i = 0; i < kBlock; ++i) {
    const Vector centre = splat(to.centres[i]);
    Vector u = load(to.sums + i * kLanes);
    Vector squares = load(to.sums + to.sums_part + i * kLanes);
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      float* const y = to.y + i * to.plane + v * kLanes;
      Vector d = sum[i][v] - centre;
      if constexpr (kWhole) {
        store(y, sum[i][v]);
      } else {
        const long left = to.pixels - v * kLanes;
        store_some(y, sum[i][v], left);
        d = first_of(d, left);
      }
      u += d;
      squares += d * d;
    }
    store(to.sums + i * kLanes, u);
    store(to.sums + to.sums_part + i * kLanes, squares);
  }
}

template <bool kWhole>
ODIN_INLINE void multiply_measured(int rows, const float* a, const float* b, int depth,
                                   const MeasuredBlock& to) {
  with_rows(rows, [&](auto block) {
    multiply_measured<decltype(block)::value, kWhole>(a, b, depth, to);
  });
}

inline void run_pointwise_forward(const PointwiseForwardTask& task) {
  constexpr long kStripPixels = kStripVectors * kLanes;
  const ForwardSpace s = forward_space(task);
  const long panel = static_cast<long>(task.in_channels) * kPanel;
  for (int image = 0; image < task.images; ++image) {
    float* const measured = task.measured + 3L * image * task.out_channels;
    memset(s.sums, 0, sizeof(float) * static_cast<unsigned long>(2 * s.sums_part));
    for (long first = 0; first < task.pixels; first += kStripPixels) {
      const long left = task.pixels - first;
      if (left >= kStripPixels) {
        pack_forward<true>(task, image, first, kStripPixels, s.strip);
      } else {
        pack_forward<false>(task, image, first, left, s.strip);
      }
      const float* next = nullptr;
      if (left > kStripPixels) {
        next = plane_at(task.in, image, 0) + first + kStripPixels;
      } else if (image + 1 < task.images) {
        next = plane_at(task.in, image + 1, 0);
      }
      // Each of the first products asks for all lines of a part of the next strip's inputs, one at
      // every step: memory gives neighbours sooner than a line of every plane.
      int part = 0;
      const float* a = task.weights;
      for (int o = 0; o < task.out_channels;) {
        const int block = block_rows(task.out_channels - o);
        for (long p = 0; p < kStripPixels && p < left; p += kPanel, ++part) {
          const bool ask = next != nullptr && part < kStripLines;
          const MeasuredBlock to{
              plane_at(task.out, image, o) + first + p,
              task.out.plane,
              left - p,
              measured + o,
              first + p == 0,
              s.sums + static_cast<long>(o) * kLanes,
              s.sums_part,
              ask ? next + part * task.in_channels / kStripLines * task.in.plane : s.strip,
              ask ? task.in.plane - (kStripLines - 1) * kLine : kLine};
          const float* const from = s.strip + p / kPanel * panel;
          if (to.pixels >= kPanel) {
            multiply_measured<true>(block, a, from, task.in_channels, to);
          } else {
            multiply_measured<false>(block, a, from, task.in_channels, to);
          }
        }
        a += static_cast<long>(block) * task.in_channels;
        o += block;
      }
    }
    add_lanes(s.sums, task.out_channels, measured + task.out_channels);
    add_lanes(s.sums + s.sums_part, task.out_channels, measured + 2L * task.out_channels);
  }
}

inline long pointwise_forward_workspace(const PointwiseForwardTask& task) {
  return workspace_of(task, forward_space);
}

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
