// Winograd's input transform, B^T d B (winograd.h): rows of tiles are gathered, then transformed.
#pragma once

#include "kernels/cpu/micro/winograd_tiling.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

// Calls write(place) for the one or two places of row y of an image in the row planes: the row is
// row i of a tile and, near the tile's edge, also row i + 4 of the tile above (the overlap).
template <class Write>
ODIN_INLINE void for_places_of_row(const Tiling& t, int first, int end, int image, int y,
                                   Write write) {
  const int row = image * t.tile_rows + (y + 1) / 4;
  const int i = (y + 1) % 4;
  if ((y + 1) / 4 < t.tile_rows && row >= first && row < end) {
    write(i * t.border + static_cast<long>(row - first) * t.pitch);
  }
  if (i < 2 && (y + 1) / 4 > 0 && row - 1 >= first && row - 1 < end) {
    write((i + 4) * t.border + static_cast<long>(row - 1 - first) * t.pitch);
  }
}

// Copies the rows of one channel that tile rows [first, end) need to the row planes.
template <Load kLoad>
void gather_rows(const ConvolutionTask& task, const Tiling& t, const WinogradSpace& s, int first,
                 int end, int channel) {
  Vector scale{}, shift{};
  if constexpr (kLoad == Load::kNormalise) {
    scale = splat(task.scale[channel]);
    shift = splat(task.shift[channel]);
  }
  for (int image = first / t.tile_rows; image * t.tile_rows < end; ++image) {
    const int top = first - image * t.tile_rows;  // rows of tiles of this image
    const int bottom = end - image * t.tile_rows;
    const int y0 = top <= 0 ? 0 : 4 * top - 1;
    const int y1 = 4 * bottom + 1 < task.in_height ? 4 * bottom + 1 : task.in_height;
    if (t.direct) {
      const float* from = plane_at(task.in, image, channel);
      Word* mask = mask_at(task.in_mask, image, channel);
      const int wide = task.in_width / kLanes;
      for (int y = y0; y < y1; ++y) {
        float* places[2];
        int count = 0;
        for_places_of_row(t, first, end, image, y, [&](long at) { places[count++] = s.rows + at; });
        for (int v = 0; v < wide; ++v) {
          const long at = static_cast<long>(y) * wide + v;
          const Vector x = take<kLoad>(from + at * kLanes, mask, at, scale, shift);
          store(places[0] + v * kLanes, x);
          if (count == 2) store(places[1] + v * kLanes, x);
        }
      }
    } else {
      take_plane<kLoad>(task, image, channel, s.linear);
      for (int y = y0; y < y1; ++y) {
        for_places_of_row(t, first, end, image, y, [&](long at) {
          copy_row(s.linear + static_cast<long>(y) * task.in_width, s.rows + at, task.in_width);
        });
      }
    }
  }
}

// B^T x for six vectors.
ODIN_INLINE void transform_input(const Vector (&x)[6], Vector (&y)[6]) {
  const Vector a = x[4] - 4.0f * x[2];
  const Vector b = x[3] - 4.0f * x[1];
  const Vector c = x[4] - x[2];
  const Vector d = x[3] - x[1];
  y[0] = 4.0f * x[0] + (x[4] - 5.0f * x[2]);
  y[1] = a + b;
  y[2] = a - b;
  y[3] = c + 2.0f * d;
  y[4] = c - 2.0f * d;
  y[5] = 4.0f * x[1] + (x[5] - 5.0f * x[3]);
}

// Transforms the columns x of one of the six rows of a vector of tiles and stores them.
template <bool kTransposed>
ODIN_INLINE void finish_row(const Vector (&x)[6], float* to, long place) {
  Vector in[6], out[6];
#pragma GCC unroll 6
  for (int j = 0; j < 6; ++j) in[j] = x[kTransposed ? 5 - j : j];
  transform_input(in, out);
#pragma GCC unroll 6
  for (int j = 0; j < 6; ++j) store(to + j * place, out[j]);
}

// Transforms the row planes of one channel and stores the result in s.input.
template <bool kTransposed>
void transform_channel(const ConvolutionTask& task, const Tiling& t, const WinogradSpace& s,
                       long vectors, int channel) {
  float* const to_channel = s.input + static_cast<long>(channel) * kPanel;
  const auto to_vector = [&](long v) {
    return to_channel + v / kVectors * task.in_channels * kPanel + v % kVectors * kLanes;
  };
  const long guarded = (t.vectors + 2) * kLanes;
  for (long v = 0; v < vectors; ++v) {
    Vector r[6][4];
#pragma GCC unroll 4
    for (int q = 0; q < 4; ++q) {
      Vector x[6], y[6];
#pragma GCC unroll 6
      for (int i = 0; i < 6; ++i) {
        x[i] = load(s.rows + (kTransposed ? 5 - i : i) * t.border + (4 * v + q) * kLanes);
      }
      transform_input(x, y);
#pragma GCC unroll 6
      for (int i = 0; i < 6; ++i) r[i][q] = y[i];
    }
    float* to = to_vector(v);
    const IntVector left = *reinterpret_cast<const IntVector*>(s.left + v * kLanes);
    const IntVector right = *reinterpret_cast<const IntVector*>(s.right + v * kLanes);
#pragma GCC unroll 6
    for (int i = 0; i < 6; ++i) {
      const Vector even_low = evens(r[i][0], r[i][1]);
      const Vector odd_low = odds(r[i][0], r[i][1]);
      const Vector even_high = evens(r[i][2], r[i][3]);
      const Vector odd_high = odds(r[i][2], r[i][3]);
      const Vector c1 = evens(even_low, even_high);
      const Vector c2 = evens(odd_low, odd_high);
      const Vector c3 = odds(even_low, even_high);
      const Vector c4 = odds(odd_low, odd_high);
      if (t.rows_whole) {
        const Vector columns[6] = {select(left, lanes_up(c4)),   c1, c2, c3, c4,
                                   select(right, lanes_down(c1))};
        finish_row<kTransposed>(columns, to + 6 * i * t.place, t.place);
      } else {
        float* column = s.columns + 4 * i * guarded + (v + 1) * kLanes;
        store(column, c1);
        store(column + guarded, c2);
        store(column + 2 * guarded, c3);
        store(column + 3 * guarded, c4);
      }
    }
  }
  if (t.rows_whole) return;
  for (long v = 0; v < vectors; ++v) {
    const IntVector left = *reinterpret_cast<const IntVector*>(s.left + v * kLanes);
    const IntVector right = *reinterpret_cast<const IntVector*>(s.right + v * kLanes);
    for (int i = 0; i < 6; ++i) {
      const float* column = s.columns + 4 * i * guarded + (v + 1) * kLanes;
      const Vector columns[6] = {select(left, load(column + 3 * guarded - 1)),
                                 load(column),
                                 load(column + guarded),
                                 load(column + 2 * guarded),
                                 load(column + 3 * guarded),
                                 select(right, load(column + 1))};
      finish_row<kTransposed>(columns, to_vector(v) + 6 * i * t.place, t.place);
    }
  }
}

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
