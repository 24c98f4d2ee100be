// Winograd's input transform, B^T d B (winograd.h): rows of pixels, read where they are or gathered first.
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

// Copies the rows of one channel that tile rows [first, end), whole images, need to the row planes.
template <class Algorithm, Load kLoad>
void gather_rows(const ConvolutionTask& task, const Tiling& t, const WinogradSpace& s, int first,
                 int end, int channel) {
  for (int image = first / t.tile_rows; image * t.tile_rows < end; ++image) {
    take_plane<kLoad>(task, image, channel, s.linear);
    for (int y = 0; y < task.in_height; ++y) {
      for_places_of_row<Algorithm>(t, first, end, image, y, [&](long at) {
        copy_row(s.linear + static_cast<long>(y) * task.in_width, s.rows + at, task.in_width);
      });
    }
  }
}

// Takes the planes of one channel of the images of tile rows [first, end), one after the other.
template <Load kLoad>
void take_planes(const ConvolutionTask& task, const Tiling& t, const WinogradSpace& s, int first,
                 int end, int channel) {
  float* to = s.linear;
  for (int image = first / t.tile_rows; image * t.tile_rows < end; ++image, to += t.linear) {
    take_plane<kLoad>(task, image, channel, to);
  }
}

// Loads vector `vector` of pixels of all rows of the windows of one channel, for tile rows [first, ...).
// Rows of halves come from take_planes(), or from the task's input if nothing happens to them there.
template <class Algorithm, Rows kRowsAre, Load kLoad>
ODIN_INLINE void load_windows(const ConvolutionTask& task, const Tiling& t, const WinogradSpace& s,
                              int first, int channel, Vector scale, Vector shift, long vector,
                              Vector (&x)[Algorithm::kWindow]) {
  if constexpr (kRowsAre == Rows::kOther) {
#pragma GCC unroll 9
    for (int i = 0; i < Algorithm::kWindow; ++i) {
      x[i] = load(s.rows + i * t.border + vector * kLanes);
    }
  } else if constexpr (kRowsAre == Rows::kWhole) {
    const Origin o = s.origins[2 * vector];
    const float* from = plane_at(task.in, o.image, channel) + o.column;
    Word* const mask = mask_at(task.in_mask, o.image, channel);
#pragma GCC unroll 9
    for (int i = 0; i < Algorithm::kWindow; ++i) {
      const int y = o.y + i;
      const long at = static_cast<long>(y) * task.in_width;
      x[i] = Vector{};
      if (y >= 0 && y < task.in_height) {
        x[i] = take<kLoad>(from + at, mask, (at + o.column) / kLanes, scale, shift);
      }
    }
  } else {
    const Origin a = s.origins[2 * vector];
    const Origin b = s.origins[2 * vector + 1];
    const auto plane_of = [&](int image) -> const float* {
      if constexpr (kLoad == Load::kPlain) return plane_at(task.in, image, channel);
      return s.linear + (image - first / t.tile_rows) * t.linear;
    };
    const float* const from_a = plane_of(a.image);
    const float* const from_b = plane_of(b.image);
    const float zero[kLanes / 2] = {};
#pragma GCC unroll 9
    for (int i = 0; i < Algorithm::kWindow; ++i) {
      const auto row = [&](const float* from, int y) {
        return y >= 0 && y < task.in_height ? from + static_cast<long>(y) * task.in_width : zero;
      };
      x[i] = load_halves(row(from_a, a.y + i), row(from_b, b.y + i));
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

// Transforms one channel of tile rows [first, ...) and stores the result in s.input.
template <class Algorithm, Rows kRowsAre, Load kLoad>
void transform_channel(const ConvolutionTask& task, const Tiling& t, const WinogradSpace& s,
                       int first, long vectors, int channel) {
  Vector scale{}, shift{};
  if constexpr (kLoad == Load::kNormalise) {
    scale = splat(task.scale[channel]);
    shift = splat(task.shift[channel]);
  }
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
      load_windows<Algorithm, kRowsAre, kLoad>(task, t, s, first, channel, scale, shift,
                                               kStep * v + q, x);
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

// Brings all channels of tile rows [first, end) into s.input.
template <class Algorithm, Load kLoad>
void transform_block(const ConvolutionTask& task, const Tiling& t, const WinogradSpace& s,
                     int first, int end, long vectors) {
  if (t.rows == Rows::kOther) {
    // Places that no image row overwrites are the zero padding. They are the same for all channels.
    memset(s.rows, 0, sizeof(float) * static_cast<unsigned long>(Algorithm::kWindow * t.border));
  }
  for (int c = 0; c < task.in_channels; ++c) {
    switch (t.rows) {
      case Rows::kWhole:
        transform_channel<Algorithm, Rows::kWhole, kLoad>(task, t, s, first, vectors, c);
        break;
      case Rows::kHalves:
        if (kLoad != Load::kPlain) take_planes<kLoad>(task, t, s, first, end, c);
        transform_channel<Algorithm, Rows::kHalves, kLoad>(task, t, s, first, vectors, c);
        break;
      case Rows::kOther:
        gather_rows<Algorithm, kLoad>(task, t, s, first, end, c);
        transform_channel<Algorithm, Rows::kOther, Load::kPlain>(task, t, s, first, vectors, c);
        break;
    }
  }
}

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
