// Winograd's input transform, B^T d B (winograd.h): rows of pixels, read where they are or gathered
// first.
#pragma once

#include "kernels/cpu/micro/winograd_tiles.h"
#include "kernels/cpu/micro/winograd_tiling.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

// Calls write(place) for the one or two places of row y of an image in the row planes: the row is
// row i of a window and, near the tile's edge, also row i + kStep of the window above (the
// overlap).
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

// What a channel's windows are read from. Rows of halves come from take_planes(), or from the
// task's input if nothing happens to them there.
struct WindowSource {
  const float* x;  // Rows::kOther: the row planes; else the channel's plane of the first image
  Word* mask;      // of that plane, or null
  int height;
  long row;  // floats from row to row
  Vector scale, shift;
};
template <Rows kRowsAre, Load kLoad>
ODIN_INLINE WindowSource window_source(const ConvolutionTask& task, const Tiling& t,
                                       const WinogradSpace& s, int channel) {
  WindowSource source{};
  source.height = task.in_height;
  source.row = kRowsAre == Rows::kOther ? t.border : task.in_width;
  if constexpr (kRowsAre == Rows::kOther) {
    source.x = s.rows;
  } else if constexpr (kRowsAre == Rows::kHalves && kLoad != Load::kPlain) {
    source.x = s.linear;
  } else {
    source.x = plane_at(task.in, 0, channel);
    source.mask = mask_at(task.in_mask, 0, channel);
  }
  if constexpr (kLoad == Load::kNormalise) {
    source.scale = splat(task.scale[channel]);
    source.shift = splat(task.shift[channel]);
  }
  return source;
}

// Row i of the windows of a vector, or zeros where no such row exists.
template <Rows kRowsAre, Load kLoad>
ODIN_INLINE Vector row_of_windows(const WindowSource& source, const Window* w, int i) {
  const auto exists = [&](int h) { return w[h].y + i >= 0 && w[h].y + i < source.height; };
  if constexpr (kRowsAre == Rows::kWhole) {
    if (!exists(0)) return Vector{};
    return take<kLoad>(source.x + w[0].at + i * source.row,
                       source.mask == nullptr ? nullptr : source.mask + w[0].word,
                       i * source.row / kLanes, source.scale, source.shift);
  } else {
    const float zero[kLanes / 2] = {};
    const float* const a = exists(0) ? source.x + w[0].at + i * source.row : zero;
    const float* const b = exists(1) ? source.x + w[1].at + i * source.row : zero;
    return load_halves(a, b);
  }
}
template <class Algorithm, Rows kRowsAre, Load kLoad>
__attribute__((noinline)) void load_outer_windows(const WindowSource& source, const Window* w,
                                                  Vector (&x)[Algorithm::kWindow]) {
  for (int i = 0; i < Algorithm::kWindow; ++i) x[i] = row_of_windows<kRowsAre, kLoad>(source, w, i);
}

// Loads all rows of the windows of vector `vector` of pixels. Nearly always at most the first and
// the last may be outside.
template <class Algorithm, Rows kRowsAre, Load kLoad>
ODIN_INLINE void load_windows(const WindowSource& source, const Window* windows, long vector,
                              Vector (&x)[Algorithm::kWindow]) {
  constexpr int kLast = Algorithm::kWindow - 1;
  if constexpr (kRowsAre == Rows::kOther) {
#pragma GCC unroll 9
    for (int i = 0; i <= kLast; ++i) x[i] = load(source.x + i * source.row + vector * kLanes);
    return;
  }
  const Window* const w = windows + 2 * vector;
  if (!w[0].inner || (kRowsAre == Rows::kHalves && !w[1].inner)) {
    Vector outer[Algorithm::kWindow];
    load_outer_windows<Algorithm, kRowsAre, kLoad>(source, w, outer);
#pragma GCC unroll 9
    for (int i = 0; i <= kLast; ++i) x[i] = outer[i];
    return;
  }
  x[0] = row_of_windows<kRowsAre, kLoad>(source, w, 0);
  x[kLast] = row_of_windows<kRowsAre, kLoad>(source, w, kLast);
  if constexpr (kRowsAre == Rows::kWhole) {
    const float* const from = source.x + w[0].at;
    Word* const mask = source.mask == nullptr ? nullptr : source.mask + w[0].word;
#pragma GCC unroll 9
    for (int i = 1; i < kLast; ++i) {
      x[i] = take<kLoad>(from + i * source.row, mask, i * source.row / kLanes, source.scale,
                         source.shift);
    }
  } else {
    const float* const a = source.x + w[0].at;
    const float* const b = source.x + w[1].at;
#pragma GCC unroll 9
    for (int i = 1; i < kLast; ++i) x[i] = load_halves(a + i * kLanes / 2, b + i * kLanes / 2);
  }
}

// Asks for a line of every place.
template <class Algorithm>
__attribute__((noinline)) void ask_for_places(const float* line, long place) {
  asm volatile("");  // else it would be a function without effect
  for (int i = 0; i < Algorithm::kPoints * Algorithm::kPoints; ++i, line += place) ask_for(line);
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

// Transforms one channel of a block and stores the result in s.input. kWholeRows: a vector holds
// whole rows of tiles.
template <class Algorithm, Rows kRowsAre, bool kWholeRows, Load kLoad>
void transform_channel(const ConvolutionTask& task, const Tiling& t, const WinogradSpace& s,
                       long vectors, int channel) {
  constexpr int kStep = Algorithm::kStep;
  constexpr int kWindow = Algorithm::kWindow;
  constexpr int kPoints = Algorithm::kPoints;
  // Copies: what is stored below might be anything, for all that the compiler knows.
  const WindowSource source = window_source<kRowsAre, kLoad>(task, t, s, channel);
  const Window* const windows = s.windows;
  const IntVector* const lefts = reinterpret_cast<const IntVector*>(s.left);
  const IntVector* const rights = reinterpret_cast<const IntVector*>(s.right);
  const long place = t.place;
  const bool far = t.input_far;
  const long panel = static_cast<long>(task.in_channels) * kPanel;
  float* const to_channel = s.input + static_cast<long>(channel) * kPanel;
  const auto to_vector = [&](long v) {
    return to_channel + v / kVectors * panel + v % kVectors * kLanes;
  };
  const long guarded = (t.vectors + 2) * kLanes;
  float* const first_column = s.columns + kLanes;
  for (long v = 0; v < vectors; ++v) {
    Vector r[kPoints][kStep];
#pragma GCC unroll 8
    for (int q = 0; q < kStep; ++q) {
      Vector x[kWindow], y[kPoints];
      load_windows<Algorithm, kRowsAre, kLoad>(source, windows, kStep * v + q, x);
      Algorithm::transform_input(x, y);
#pragma GCC unroll 9
      for (int i = 0; i < kPoints; ++i) r[i][q] = y[i];
    }
    float* const to = to_vector(v);
    if (far) ask_for_places<Algorithm>(to + kChannelsAhead * kPanel, place);
#pragma GCC unroll 9
    for (int i = 0; i < kPoints; ++i) {
      pixels_to_tiles(r[i]);
      if constexpr (kWholeRows) {
        Vector columns[kWindow];
        columns_of<Algorithm>(r[i],
                              select(lefts[v], tiles_before(r[i][kStep - 1], r[i][kStep - 1])),
                              select(rights[v], tiles_after(r[i][0], r[i][0])), columns);
        finish_row<Algorithm>(columns, to + kPoints * i * place, place);
      } else {
        float* const column = first_column + kStep * i * guarded + v * kLanes;
#pragma GCC unroll 8
        for (int q = 0; q < kStep; ++q) store(column + q * guarded, r[i][q]);
      }
    }
  }
  if constexpr (kWholeRows) return;
  for (long v = 0; v < vectors; ++v) {
    for (int i = 0; i < kPoints; ++i) {
      const float* const column = first_column + kStep * i * guarded + v * kLanes;
      Vector own[kStep], columns[kWindow];
#pragma GCC unroll 8
      for (int q = 0; q < kStep; ++q) own[q] = load(column + q * guarded);
      const Vector before = load(column + (kStep - 1) * guarded - kLanes);
      columns_of<Algorithm>(own, select(lefts[v], tiles_before(own[kStep - 1], before)),
                            select(rights[v], tiles_after(own[0], load(column + kLanes))), columns);
      finish_row<Algorithm>(columns, to_vector(v) + kPoints * i * place, place);
    }
  }
}

template <class Algorithm, Rows kRowsAre, Load kLoad>
ODIN_INLINE void transform_channel(const ConvolutionTask& task, const Tiling& t,
                                   const WinogradSpace& s, long vectors, int channel) {
  if (kRowsAre == Rows::kHalves || t.rows_whole) {
    transform_channel<Algorithm, kRowsAre, true, kLoad>(task, t, s, vectors, channel);
  } else {
    transform_channel<Algorithm, kRowsAre, false, kLoad>(task, t, s, vectors, channel);
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
        transform_channel<Algorithm, Rows::kWhole, kLoad>(task, t, s, vectors, c);
        break;
      case Rows::kHalves:
        if (kLoad != Load::kPlain) take_planes<kLoad>(task, t, s, first, end, c);
        transform_channel<Algorithm, Rows::kHalves, kLoad>(task, t, s, vectors, c);
        break;
      case Rows::kOther:
        gather_rows<Algorithm, kLoad>(task, t, s, first, end, c);
        transform_channel<Algorithm, Rows::kOther, Load::kPlain>(task, t, s, vectors, c);
        break;
    }
  }
}

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
