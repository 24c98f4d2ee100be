// The backward pass of a 1x1 convolution of h = relu(scale x + shift): the gradients in x, in the
// weights and in the batch norm, in one pass over x and dx.
//
// The gradient of h is a product (inputs x outputs) times (outputs x pixels). While a block of it
// is in registers, its open part goes to dx and into the sums of the batch norm, and h, which says
// what is open, is kept for the gradient in the weights. That is a product whose depth is the
// pixels: the lanes are outputs, so only dy must be turned into rows of channels, and h is read a
// number at a time, from lines of pixels. Meanwhile x and dx of the next block arrive from memory.
#pragma once

#include "kernels/cpu/micro/gemm.h"
#include "kernels/cpu/micro/workspace.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

// Pixels whose dy waits in the second-level cache, in both orders.
constexpr long kChunkPixels = 256;
// Floats from one channel's h to the next one's: not a power of two.
constexpr int kHiddenRow = kChunkPixels + 16;

struct PointwiseSpace {
  float* panels;  // dy: [panel][output][kPanel]
  float* rows;    // dy: [pixel][output], whole vectors of outputs
  float* hidden;  // h of a block of inputs: [input][kHiddenRow]
  float* sums;    // of the batch norm: [2][input][lane]
  long sums_part;
  long total;
};
inline PointwiseSpace pointwise_space(const PointwiseGradientTask& task) {
  PointwiseSpace s{};
  Pieces pieces(task.workspace);
  s.panels = pieces.take(task.out_channels * kChunkPixels);
  s.rows = pieces.take(kChunkPixels * vectors_of(task.out_channels) * kLanes);
  s.hidden = pieces.take(long{kRows} * kHiddenRow);
  s.sums_part = vectors_of(task.in_channels) * kLanes * kLanes;
  s.sums = pieces.take(2 * s.sums_part);
  s.total = pieces.total();
  return s;
}

// Writes dy of `count` pixels from `first` on, finished, to both of its places.
inline void bring_result_gradient(const PointwiseGradientTask& task, const PointwiseSpace& s,
                                  int image, long first, long count) {
  const long vectors = vectors_of(count);
  const long row = vectors_of(task.out_channels) * kLanes;
  for (int k = 0; k < task.out_channels; k += kLanes) {
    const int channels = task.out_channels - k < kLanes ? task.out_channels - k : kLanes;
    for (long v = 0; v < vectors; ++v) {
      const long left = count - v * kLanes;
      float* panel =
          s.panels + (v / kVectors * task.out_channels + k) * kPanel + v % kVectors * kLanes;
      Vector lines[kLanes];
      for (int c = 0; c < kLanes; ++c, panel += kPanel) {
        lines[c] = Vector{};
        if (c >= channels) continue;
        const float* const dy = plane_at(task.gradient, image, k + c) + first + v * kLanes;
        Vector d = load_some(dy, left);
        if (task.out_slope != nullptr) {
          const Vector y = load_some(plane_at(task.out, image, k + c) + first + v * kLanes, left);
          d -= splat(task.out_offset[k + c]) +
               splat(task.out_slope[k + c]) * (y - splat(task.out_mean[k + c]));
          if (left < kLanes) d = first_of(d, left);
        }
        store(panel, d);
        lines[c] = d;
      }
      if (task.sums == nullptr) continue;
      interleave(lines);
      for (int i = 0; i < kLanes; ++i) store(s.rows + (v * kLanes + i) * row + k, lines[i]);
    }
  }
  if (vectors % kVectors == 0) return;
  for (int k = 0; k < task.out_channels; ++k) {
    store(s.panels + (vectors / kVectors * task.out_channels + k) * kPanel + kLanes, Vector{});
  }
}

// The lines of x and dx that the next block of inputs will read, a plane's one after the other:
// memory gives neighbours sooner than lines of as many planes.
struct NextLines {
  const float* x;
  const float* dx;
  long plane;
  long lines;  // of a plane
  long line = 0;

  ODIN_INLINE NextLines after(long count) const {
    const long offset = count / lines * plane + count % lines * kLine;
    return {x + offset, dx + offset, plane, lines, count % lines};
  }
  // For this one, and moves to the next.
  ODIN_INLINE void ask() {
    ask_for(x);
    ask_for(dx);
    const bool is_last = ++line == lines;
    const long step = is_last ? plane - (lines - 1) * kLine : kLine;
    x += step;
    dx += step;
    if (is_last) line = 0;
  }
};
// Lines of each of them that a panel of a block reads, and are asked for meanwhile.
ODIN_INLINE constexpr int lines_of_panel(int rows) {
  return (rows * kPanel + kLine - 1) / kLine;
}

// A block of the gradient of h, by inputs and one panel of pixels.
struct OpenBlock {
  const float* x;  // of row 0
  float* dx;
  long plane;
  const float* scale;  // of row 0
  const float* shift;
  const float* mean;
  float* hidden;  // of row 0
  float* sums;    // of row 0
  long sums_part;
  long pixels;  // of the panel
  // What is asked for meanwhile: lines of the next block, and a plane's part of dy and y that the
  // next chunk will read.
  NextLines next;
  const float* next_dy;
  const float* next_y;
};

// What becomes of the gradient dh of some of row i's pixels, which begin at `pixel`. Adds to the
// sums u and uv.
template <bool kAdd, bool kWhole>
ODIN_INLINE void pass_open(Vector dh, const OpenBlock& to, int i, long pixel, Vector& u,
                           Vector& uv) {
  const long at = i * to.plane + pixel;
  const long left = kWhole ? kLanes : to.pixels - pixel;
  const Vector scale = splat(to.scale[i]);
  const Vector x = load_some(to.x + at, left);
  const Vector z = x * scale + splat(to.shift[i]);
  const Word open = passing(z);
  store(to.hidden + i * kHiddenRow + pixel, keep(open, z));
  const Vector d = keep(open, dh);
  u += d;
  uv += d * (x - splat(to.mean[i]));
  Vector sum = scale * d;
  if constexpr (kAdd) sum += load_some(to.dx + at, left);
  store_some(to.dx + at, sum, left);
}

template <int kBlock, bool kAdd, bool kWhole>
__attribute__((noinline)) void multiply_open(const float* a, const float* b, int depth,
                                             const OpenBlock& to) {
  Vector sum[kBlock][kVectors];
  clear_block(sum);
  constexpr int kAsked = lines_of_panel(kBlock);
  NextLines next = to.next;
  for (int k = 0; k < depth; ++k, a += kBlock, b += kPanel) {
    if (k < kAsked) {
      next.ask();
    } else if (k < kAsked + kChunkPixels / kLine) {
      const long at = (k - kAsked) * kLine;
      ask_for(to.next_dy + at);
      ask_for(to.next_y + at);
    }
    add_products<1>(a, b, sum);
  }
  if constexpr (kWhole) {
#pragma GCC unroll 12
    for (int i = 0; i < kBlock; ++i) {
      Vector u = load(to.sums + i * kLanes);
      Vector uv = load(to.sums + to.sums_part + i * kLanes);
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) {
        pass_open<kAdd, true>(sum[i][v], to, i, v * kLanes, u, uv);
      }
      store(to.sums + i * kLanes, u);
      store(to.sums + to.sums_part + i * kLanes, uv);
    }
  } else {
    float kept[kBlock][kPanel];
#pragma GCC unroll 12
    for (int i = 0; i < kBlock; ++i) {
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) store(kept[i] + v * kLanes, sum[i][v]);
    }
    for (int i = 0; i < kBlock; ++i) {
      Vector u = load(to.sums + i * kLanes);
      Vector uv = load(to.sums + to.sums_part + i * kLanes);
      for (long p = 0; p < to.pixels; p += kLanes) {
        pass_open<kAdd, false>(load(kept[i] + p), to, i, p, u, uv);
      }
      store(to.sums + i * kLanes, u);
      store(to.sums + to.sums_part + i * kLanes, uv);
    }
  }
}

template <bool kAdd, bool kWhole>
ODIN_INLINE void multiply_open(int rows, const float* a, const float* b, int depth,
                               const OpenBlock& to) {
  with_rows(rows, [&](auto block) {
    multiply_open<decltype(block)::value, kAdd, kWhole>(a, b, depth, to);
  });
}

// sums[i][...] += h[i] rows, kBlock inputs by kWidth vectors of outputs.
template <int kBlock, int kWidth>
__attribute__((noinline)) void add_hidden_block(const float* hidden, const float* rows, long row,
                                                long pixels, float* sums) {
  Vector sum[kBlock][kWidth];
#pragma GCC unroll 8
  for (int i = 0; i < kBlock; ++i) {
#pragma GCC unroll 3
    for (int v = 0; v < kWidth; ++v) sum[i][v] = load(sums + i * row + v * kLanes);
  }
  for (long p = 0; p < pixels; ++p, rows += row) add_products<kHiddenRow>(hidden + p, rows, sum);
#pragma GCC unroll 8
  for (int i = 0; i < kBlock; ++i) {
#pragma GCC unroll 3
    for (int v = 0; v < kWidth; ++v) store(sums + i * row + v * kLanes, sum[i][v]);
  }
}

template <int kWidth>
ODIN_INLINE void add_hidden_block(int inputs, const float* hidden, const float* rows, long row,
                                  long pixels, float* sums) {
  switch (inputs) {
#if defined(__AVX512F__)
    case 8:
      return add_hidden_block<8, kWidth>(hidden, rows, row, pixels, sums);
#endif
    case 4:
      return add_hidden_block<4, kWidth>(hidden, rows, row, pixels, sums);
    case 2:
      return add_hidden_block<2, kWidth>(hidden, rows, row, pixels, sums);
    default:
      return add_hidden_block<1, kWidth>(hidden, rows, row, pixels, sums);
  }
}

// Adds the products of `inputs` channels of h with dy to their sums. Three vectors by eight (four)
// numbers fill the registers.
inline void add_hidden(const PointwiseGradientTask& task, const PointwiseSpace& s, int inputs,
                       long pixels, float* sums) {
  constexpr int kMost = kLanes == 16 ? 8 : 4;
  const long vectors = vectors_of(task.out_channels);
  const long row = vectors * kLanes;
  for (int i = 0; i < inputs;) {
    int block = kMost;
    while (block > inputs - i) block /= 2;
    const float* const hidden = s.hidden + long{i} * kHiddenRow;
    for (long v = 0; v < vectors;) {
      const float* const rows = s.rows + v * kLanes;
      float* const to = sums + i * row + v * kLanes;
      // Rather two and two than three and one.
      const long width = vectors - v == 4 || vectors - v == 2 ? 2 : vectors - v >= 3 ? 3 : 1;
      if (width == 3) {
        add_hidden_block<3>(block, hidden, rows, row, pixels, to);
      } else if (width == 2) {
        add_hidden_block<2>(block, hidden, rows, row, pixels, to);
      } else {
        add_hidden_block<1>(block, hidden, rows, row, pixels, to);
      }
      v += width;
    }
    i += block;
  }
}

// The lines of `count` pixels of an image's inputs, from one channel and from pixel `first` on.
ODIN_INLINE NextLines lines_at(const PointwiseGradientTask& task, int image, int channel,
                               long first, long count) {
  return {plane_at(task.open.x, image, channel) + first,
          plane_at(task.open.dx, image, channel) + first, task.open.x.plane,
          (count + kLine - 1) / kLine};
}

template <bool kAdd>
void pointwise_gradient(const PointwiseGradientTask& task) {
  const PointwiseSpace s = pointwise_space(task);
  const long row = vectors_of(task.out_channels) * kLanes;
  for (int image = 0; image < task.images; ++image) {
    memset(s.sums, 0, sizeof(float) * static_cast<unsigned long>(2 * s.sums_part));
    for (long first = 0; first < task.pixels; first += kChunkPixels) {
      const long count = task.pixels - first < kChunkPixels ? task.pixels - first : kChunkPixels;
      bring_result_gradient(task, s, image, first, count);
      const bool more = first + kChunkPixels < task.pixels;
      const int next_image = more || image + 1 == task.images ? image : image + 1;
      const long next_first = more ? first + kChunkPixels : 0;
      int channel = 0;  // of dy, to ask for
      const float* a = task.weights;
      for (int c = 0; c < task.in_channels;) {
        const int block = block_rows(task.in_channels - c);
        const NextLines next = c + block < task.in_channels
                                   ? lines_at(task, image, c + block, first, count)
                                   : lines_at(task, next_image, 0, next_first, count);
        const float* const x = plane_at(task.open.x, image, c) + first;
        float* const dx = plane_at(task.open.dx, image, c) + first;
        for (long p = 0; p < count; p += kPanel) {
          if (++channel == task.out_channels) channel = 0;
          const float* const next_dy = plane_at(task.gradient, next_image, channel) + next_first;
          const float* const next_y = task.out_slope == nullptr
                                          ? next_dy
                                          : plane_at(task.out, next_image, channel) + next_first;
          const OpenBlock to{x + p,
                             dx + p,
                             task.open.x.plane,
                             task.open.scale + c,
                             task.open.shift + c,
                             task.open.mean + c,
                             s.hidden + p,
                             s.sums + long{c} * kLanes,
                             s.sums_part,
                             count - p < kPanel ? count - p : kPanel,
                             next.after(p / kPanel * lines_of_panel(block)),
                             next_dy,
                             next_y};
          const float* const panel = s.panels + p * task.out_channels;
          if (to.pixels == kPanel) {
            multiply_open<kAdd, true>(block, a, panel, task.out_channels, to);
          } else {
            multiply_open<kAdd, false>(block, a, panel, task.out_channels, to);
          }
        }
        if (task.sums != nullptr) add_hidden(task, s, block, count, task.sums + c * row);
        a += static_cast<long>(block) * task.out_channels;
        c += block;
      }
    }
    float* const sums = task.open.sums + 2L * image * task.in_channels;
    add_lanes(s.sums, task.in_channels, sums);
    add_lanes(s.sums + s.sums_part, task.in_channels, sums + task.in_channels);
  }
}

inline void run_pointwise_gradient(const PointwiseGradientTask& task) {
  if (task.open.add) {
    pointwise_gradient<true>(task);
  } else {
    pointwise_gradient<false>(task);
  }
}

inline long pointwise_gradient_workspace(const PointwiseGradientTask& task) {
  return workspace_of(task, pointwise_space);
}

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
