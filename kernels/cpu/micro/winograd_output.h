// Winograd's output transform, A^T [...] A (winograd.h), and the storing of its results.
#pragma once

#include "kernels/cpu/micro/winograd_tiling.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

// A^T x for six vectors.
ODIN_INLINE void transform_output(const Vector (&x)[6], Vector (&y)[4]) {
  const Vector a = x[1] + x[2];
  const Vector b = x[1] - x[2];
  const Vector c = x[3] + x[4];
  const Vector d = x[3] - x[4];
  y[0] = x[0] + a + c;
  y[1] = b + 2.0f * d;
  y[2] = a + 4.0f * c;
  y[3] = b + 8.0f * d + x[5];
}

// Transforms the products of one output channel and stores the result in the task's output.
template <Store kStore, bool kTransposed>
void finish_channel(const ConvolutionTask& task, const Tiling& t, const WinogradSpace& s, int first,
                    int end, long vectors, int channel, const float* products) {
  const Vector bias = task.bias == nullptr ? Vector{} : splat(task.bias[channel]);
  const Vector scale = splat(task.out_scale == nullptr ? 1.0f : task.out_scale[channel]);
  const int wide = task.out_width / kLanes;
  for (long v = 0; v < vectors; ++v, products += 36 * kLanes) {
    Vector rows[4][6];  // [row of the result][column of the product]
#pragma GCC unroll 6
    for (int j = 0; j < 6; ++j) {
      Vector x[6], y[4];
#pragma GCC unroll 6
      for (int i = 0; i < 6; ++i) x[i] = load(products + (6 * i + j) * kLanes);
      transform_output(x, y);
#pragma GCC unroll 4
      for (int r = 0; r < 4; ++r) rows[r][j] = y[r];
    }
    // Pixels of each row of tiles, four vectors.
    Vector pixels[4][4];
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) {
      Vector y[4];
      transform_output(rows[kTransposed ? 3 - r : r], y);
      const Vector c0 = scale * (kTransposed ? y[3] : y[0]) + bias;
      const Vector c1 = scale * (kTransposed ? y[2] : y[1]) + bias;
      const Vector c2 = scale * (kTransposed ? y[1] : y[2]) + bias;
      const Vector c3 = scale * (kTransposed ? y[0] : y[3]) + bias;
      const Vector even_low = zip_low(c0, c2);
      const Vector even_high = zip_high(c0, c2);
      const Vector odd_low = zip_low(c1, c3);
      const Vector odd_high = zip_high(c1, c3);
      pixels[r][0] = zip_low(even_low, odd_low);
      pixels[r][1] = zip_high(even_low, odd_low);
      pixels[r][2] = zip_low(even_high, odd_high);
      pixels[r][3] = zip_high(even_high, odd_high);
    }
    if (!t.direct) {
#pragma GCC unroll 4
      for (int r = 0; r < 4; ++r) {
#pragma GCC unroll 4
        for (int q = 0; q < 4; ++q) {
          store(s.rows + r * t.border + (4 * v + q) * kLanes, pixels[r][q]);
        }
      }
      continue;
    }
    for (int q = 0; q < 4; ++q) {
      const int at = static_cast<int>(4 * v + q) * kLanes;
      const int row = first + at / t.pitch;
      if (row >= end) break;
      const int image = row / t.tile_rows;
      const int y = row % t.tile_rows * 4;
      const long vector = static_cast<long>(y) * wide + at % t.pitch / kLanes;
      float* to = plane_at(task.out, image, channel) + vector * kLanes;
      Word* mask = mask_at(task.out_mask, image, channel);
      if (mask != nullptr) mask += vector;
      const float* residual = nullptr;
      if constexpr (kStore == Store::kResidual) {
        residual = plane_at(task.residual, image, channel) + vector * kLanes;
      }
      const int count = task.out_height - y < 4 ? task.out_height - y : 4;
      for (int r = 0; r < count; ++r) {
        put<kStore>(to, pixels[r][q], mask, 0, residual);
        to += task.out_width;
        if (mask != nullptr) mask += wide;
        if (kStore == Store::kResidual) residual += task.out_width;
      }
    }
  }
  if (t.direct) return;
  for (int image = first / t.tile_rows; image * t.tile_rows < end; ++image) {
    for (int y = 0; y < task.out_height; ++y) {
      const long row = image * t.tile_rows + y / 4 - first;
      copy_row(s.rows + y % 4 * t.border + row * t.pitch,
               s.linear + static_cast<long>(y) * task.out_width, task.out_width);
    }
    put_plane(task, image, channel, s.linear);
  }
}

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
