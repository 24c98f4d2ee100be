// Winograd's input transform, B^T d B (winograd.h): rows of tiles are gathered, then transformed.
#pragma once

#include "kernels/cpu/micro/winograd_tiling.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

// Calls write(place) for the one or two places of row y of an image in the row planes: the row is
// row i of a window and, near the tile's edge, also row i + kStep of the window above (the overlap).
template <class Algorithm, class Write>
ODIN_INLINE void for_places_of_row(const Tiling& t, int first, int end, int image, int y,
                                   Write write) {
  constexpr int kStep = Algorithm::kStep;
  constexpr int kOverlap = Algorithm::kWindow - kStep;
  const int tile_row = (y + Algorithm::kBefore) / kStep;
  const int row = image * t.tile_rows + tile_row;
  const int i = (y + Algorithm::kBefore) % kStep;
  if (tile_row < t.tile_rows && row >= first && row < end) {
    write(i * t.border + static_cast<long>(row - first) * t.pitch);
  }
  if (i < kOverlap && tile_row > 0 && row - 1 >= first && row - 1 < end) {
    write((i + kStep) * t.border + static_cast<long>(row - 1 - first) * t.pitch);
  }
}

// Copies the rows of one channel that tile rows [first, end) need to the row planes.
template <class Algorithm, Load kLoad>
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
    constexpr int kStep = Algorithm::kStep;
    constexpr int kAfter = Algorithm::kWindow - kStep - Algorithm::kBefore;
    const int y0 = top <= 0 ? 0 : kStep * top - Algorithm::kBefore;
    const int last = kStep * bottom + kAfter;
    const int y1 = last < task.in_height ? last : task.in_height;
    if (t.direct) {
      const float* from = plane_at(task.in, image, channel);
      Word* mask = mask_at(task.in_mask, image, channel);
      const int wide = task.in_width / kLanes;
      for (int y = y0; y < y1; ++y) {
        float* places[2];
        int count = 0;
        for_places_of_row<Algorithm>(t, first, end, image, y,
                                     [&](long at) { places[count++] = s.rows + at; });
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
        for_places_of_row<Algorithm>(t, first, end, image, y, [&](long at) {
          copy_row(s.linear + static_cast<long>(y) * task.in_width, s.rows + at, task.in_width);
        });
      }
    }
  }
}

// Transforms the columns x of one of the rows of points of a vector of tiles and stores them.
template <class Algorithm>
ODIN_INLINE void finish_row(const Vector (&x)[Algorithm::kWindow], float* to, long place) {
  Vector out[Algorithm::kPoints];
  Algorithm::transform_input(x, out);
#pragma GCC unroll 9
  for (int j = 0; j < Algorithm::kPoints; ++j) store(to + j * place, out[j]);
}

// The columns of a window: those of its own tile, and those of its neighbours that it overlaps.
template <class Algorithm>
ODIN_INLINE void columns_of(const Vector (&own)[Algorithm::kStep], Vector before, Vector after,
                            Vector (&columns)[Algorithm::kWindow]) {
  if constexpr (Algorithm::kBefore == 1) columns[0] = before;
#pragma GCC unroll 8
  for (int q = 0; q < Algorithm::kStep; ++q) columns[Algorithm::kBefore + q] = own[q];
  constexpr int kOwnEnd = Algorithm::kBefore + Algorithm::kStep;
  if constexpr (Algorithm::kWindow > kOwnEnd) columns[kOwnEnd] = after;
}

// Transforms the row planes of one channel and stores the result in s.input.
template <class Algorithm>
void transform_channel(const ConvolutionTask& task, const Tiling& t, const WinogradSpace& s,
                       long vectors, int channel) {
  constexpr int kStep = Algorithm::kStep;
  constexpr int kWindow = Algorithm::kWindow;
  constexpr int kPoints = Algorithm::kPoints;
  float* const to_channel = s.input + static_cast<long>(channel) * kPanel;
  const auto to_vector = [&](long v) {
    return to_channel + v / kVectors * task.in_channels * kPanel + v % kVectors * kLanes;
  };
  const long guarded = (t.vectors + 2) * kLanes;
  for (long v = 0; v < vectors; ++v) {
    Vector r[kPoints][kStep];
#pragma GCC unroll 8
    for (int q = 0; q < kStep; ++q) {
      Vector x[kWindow], y[kPoints];
#pragma GCC unroll 9
      for (int i = 0; i < kWindow; ++i) {
        x[i] = load(s.rows + i * t.border + (kStep * v + q) * kLanes);
      }
      Algorithm::transform_input(x, y);
#pragma GCC unroll 9
      for (int i = 0; i < kPoints; ++i) r[i][q] = y[i];
    }
    float* to = to_vector(v);
    const IntVector left = *reinterpret_cast<const IntVector*>(s.left + v * kLanes);
    const IntVector right = *reinterpret_cast<const IntVector*>(s.right + v * kLanes);
#pragma GCC unroll 9
    for (int i = 0; i < kPoints; ++i) {
      deinterleave(r[i]);
      if (t.rows_whole) {
        Vector columns[kWindow];
        columns_of<Algorithm>(r[i], select(left, lanes_up(r[i][kStep - 1])),
                              select(right, lanes_down(r[i][0])), columns);
        finish_row<Algorithm>(columns, to + kPoints * i * t.place, t.place);
      } else {
        float* column = s.columns + kStep * i * guarded + (v + 1) * kLanes;
#pragma GCC unroll 8
        for (int q = 0; q < kStep; ++q) store(column + q * guarded, r[i][q]);
      }
    }
  }
  if (t.rows_whole) return;
  for (long v = 0; v < vectors; ++v) {
    const IntVector left = *reinterpret_cast<const IntVector*>(s.left + v * kLanes);
    const IntVector right = *reinterpret_cast<const IntVector*>(s.right + v * kLanes);
    for (int i = 0; i < kPoints; ++i) {
      const float* column = s.columns + kStep * i * guarded + (v + 1) * kLanes;
      Vector own[kStep], columns[kWindow];
#pragma GCC unroll 8
      for (int q = 0; q < kStep; ++q) own[q] = load(column + q * guarded);
      columns_of<Algorithm>(own, select(left, load(column + (kStep - 1) * guarded - 1)),
                            select(right, load(column + 1)), columns);
      finish_row<Algorithm>(columns, to_vector(v) + kPoints * i * t.place, t.place);
    }
  }
}

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
