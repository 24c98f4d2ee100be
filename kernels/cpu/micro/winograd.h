// 3x3 convolution, stride 1, padding 1, by Winograd's minimal filtering F(4x4, 3x3) (Lavin & Gray
// 2016, "Fast Algorithms for Convolutional Neural Networks", section 4).
//
// The result is cut into tiles of 4x4, each made from a 6x6 tile d of the input that overlaps its
// neighbours by two: y = A^T [ (G g G^T) . (B^T d B) ] A, where the products of all channels are
// added between the brackets. So of each of the 36 places of a tile there is a matrix product,
// (outputs x inputs) times (inputs x tiles): 36 multiplications do for 144.
//
// Vector lanes are tiles, in row-major order of all tile rows of all images of the group. Pixels of
// a row of tiles are consecutive, so that four loads and eight shuffles bring sixteen tiles'
// columns into lanes. Transforming first over rows keeps that to one set of shuffles.
//
// The gradient needs the kernels transposed, and rotated by half a turn. Rotate the data instead:
// read the 6x6 tile and write the 4x4 tile back to front, in both directions, and the transformed
// weights of the convolution itself will do. They are 36 / 9 as large as the weights, half a
// gigabyte for WRN-28-10; so they are not kept twice.
#pragma once

#include "kernels/cpu/micro/gemm.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

// Tiles per block: enough columns to use a block of weights for while it is in the first-level
// cache, few enough that the transformed tiles stay in the second.
constexpr int kBlockTiles = 64;
// Bytes of products between the matrix products and the output transform.
constexpr long kProductBytes = 256 * 1024;

// How the work is cut.
struct Tiling {
  int tile_rows;     // of an image
  int tile_columns;  // of an image
  int pitch;         // floats in a row of tiles
  bool direct;       // image rows are whole vectors
  bool rows_whole;   // a vector holds whole rows of tiles
  int block_rows;    // rows of tiles in a block
  long vectors;      // of tiles in a block
  long panels;
  long place;   // floats from one place of the transformed input to the next
  long border;  // floats of one of the six row planes
  int chunk;    // output channels transformed together
};
inline Tiling tiling_of(const ConvolutionTask& task) {
  Tiling t{};
  t.tile_rows = (task.in_height + 3) / 4;
  t.tile_columns = (task.in_width + 3) / 4;
  t.pitch = 4 * t.tile_columns;
  t.direct = task.in_width % kLanes == 0;
  t.rows_whole = kLanes % t.tile_columns == 0;
  // Where vectors straddle image rows, an image is not divided.
  const int unit = t.direct ? 1 : t.tile_rows;
  t.block_rows = unit * (kBlockTiles / (unit * t.tile_columns));
  if (t.block_rows < unit) t.block_rows = unit;
  if (t.block_rows > task.images * t.tile_rows) t.block_rows = task.images * t.tile_rows;
  t.vectors = vectors_of(static_cast<long>(t.block_rows) * t.tile_columns);
  t.panels = (t.vectors + kVectors - 1) / kVectors;
  t.place = t.panels * task.in_channels * kPanel + 16;
  t.border = padded(t.vectors * 4 * kLanes);
  const long chunk = kProductBytes / (t.vectors * kLanes * 36 * 4) / kRows * kRows;
  t.chunk = static_cast<int>(chunk < kRows ? kRows : chunk);
  if (t.chunk > task.out_channels) t.chunk = task.out_channels;
  return t;
}

struct WinogradSpace {
  float* rows;      // [6][border]: rows 4 t - 1 .. 4 t + 4 of each row of tiles t
  float* columns;   // [24][vectors]: only where a vector does not hold whole rows of tiles
  float* linear;    // a plane
  float* input;     // [36][panels][channel][kPanel]
  float* products;  // [channel of the chunk][vector][36][lane]
  int32_t* left;    // [tile]: all ones unless it is the first of its row
  int32_t* right;   // [tile]: all ones unless it is the last of its row
  long total;
};
inline WinogradSpace winograd_space(const ConvolutionTask& task, const Tiling& t) {
  WinogradSpace s{};
  long used = 0;
  const auto reserve = [&](long floats) {
    float* here = task.workspace == nullptr ? nullptr : task.workspace + used;
    used += padded(floats);
    return here;
  };
  s.rows = reserve(6 * t.border);
  s.columns = reserve(t.rows_whole ? 0 : 24 * (t.vectors + 2) * kLanes);
  s.linear = reserve(static_cast<long>(t.tile_rows) * 4 * t.pitch);
  s.input = reserve(36 * t.place);
  // Fewer images may make larger chunks; so not just what this chunk needs.
  const long least = kRows * t.vectors * 36 * kLanes;
  s.products = reserve(least > kProductBytes / 4 ? least : kProductBytes / 4);
  s.left = reinterpret_cast<int32_t*>(reserve(t.vectors * kLanes));
  s.right = reinterpret_cast<int32_t*>(reserve(t.vectors * kLanes));
  s.total = used;
  return s;
}

// Brings row y of an image to its places in the row planes: it is row i of a tile, and near a
// tile's edge also row i + 4 of the one above (the overlap).
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

// The rows of one channel that tile rows [first, end) need.
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
      Word* bits = bits_at(task.in_bits, image, channel);
      const int wide = task.in_width / kLanes;
      for (int y = y0; y < y1; ++y) {
        float* places[2];
        int count = 0;
        for_places_of_row(t, first, end, image, y, [&](long at) { places[count++] = s.rows + at; });
        for (int v = 0; v < wide; ++v) {
          const long at = static_cast<long>(y) * wide + v;
          const Vector x = take<kLoad>(from + at * kLanes, bits, at, scale, shift);
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

// The columns x of one of the six rows of a vector of tiles, transformed, to their places.
template <bool kTransposed>
ODIN_INLINE void finish_row(const Vector (&x)[6], float* to, long place) {
  Vector in[6], out[6];
#pragma GCC unroll 6
  for (int j = 0; j < 6; ++j) in[j] = x[kTransposed ? 5 - j : j];
  transform_input(in, out);
#pragma GCC unroll 6
  for (int j = 0; j < 6; ++j) store(to + j * place, out[j]);
}

// The row planes of one channel, transformed, to s.input.
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

// The products of one output channel, transformed, to the task's output.
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
      Word* bits = bits_at(task.out_bits, image, channel);
      if (bits != nullptr) bits += vector;
      const float* residual = nullptr;
      if constexpr (kStore == Store::kResidual) {
        residual = plane_at(task.residual, image, channel) + vector * kLanes;
      }
      const int count = task.out_height - y < 4 ? task.out_height - y : 4;
      for (int r = 0; r < count; ++r) {
        put<kStore>(to, pixels[r][q], bits, 0, residual);
        to += task.out_width;
        if (bits != nullptr) bits += wide;
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
    // What no row of the images overwrites is the zero padding; the other channels' rows fall on
    // the same places.
    memset(s.rows, 0, sizeof(float) * static_cast<unsigned long>(6 * t.border));
    for (int c = 0; c < task.in_channels; ++c) {
      gather_rows<kLoad>(task, t, s, first, end, c);
      transform_channel<kTransposed>(task, t, s, vectors, c);
    }
    for (int o = 0; o < task.out_channels; o += t.chunk) {
      const int count = task.out_channels - o < t.chunk ? task.out_channels - o : t.chunk;
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
            const float* panel =
                s.input + place * t.place + v / kVectors * task.in_channels * kPanel;
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

// U = G g G^T of every kernel g, place by place, each in the order of multiply_panel().
inline void pack_winograd(const WeightMatrix& w, float* packed) {
  // The rows of G, applied to three values.
  const auto apply = [](const float(&g)[3][kRows], float(&u)[6][kRows]) {
    for (int i = 0; i < kRows; ++i) {
      const float even = -(g[0][i] + g[2][i]) / 6;
      const float wide = g[0][i] / 24 + g[2][i] / 6;
      u[0][i] = g[0][i] / 4;
      u[1][i] = even - g[1][i] / 6;
      u[2][i] = even + g[1][i] / 6;
      u[3][i] = wide + g[1][i] / 12;
      u[4][i] = wide - g[1][i] / 12;
      u[5][i] = g[2][i];
    }
  };
  const long place = static_cast<long>(w.rows) * w.columns;
  // A few columns at a time: their 36 places lie in as many pages, and are better not written in
  // turns.
  constexpr int kColumns = 32;
  float some[36][kColumns * kRows];
  for (int row = 0; row < w.rows;) {
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
          apply(g[q], u);
          for (int p = 0; p < 6; ++p) memcpy(half[p][q], u[p], sizeof u[p]);
        }
        for (int p = 0; p < 6; ++p) {
          float u[6][kRows];
          apply(half[p], u);
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
