// The gradient in the weights of a convolution.
//
// dw[o,c,p,q] = sum over images and pixels of dy[o,i,j] x[c, i stride + p - padding, ...] is a
// matrix product for each tap (p, q), whose depth is the pixels. So planes are turned into rows of
// channels first (filter_tiling.h): then a tap is an offset, a stride is a distance between rows,
// and nothing is copied once per tap.
//
// For 3x3 kernels of stride 1 Winograd's algorithm (winograd.h) is read backwards. There
// y = A^T [U . V] A with U = G g G^T and V = B^T d B. So the gradient of the loss in U is
// (A dy A^T) . V, added over the tiles, and dg = G^T dU G: 36 products instead of 144 for each
// tile, as forwards. Lanes are channels here, so no transform needs a shuffle.
#pragma once

#include "kernels/cpu/micro/filter_tiling.h"
#include "kernels/cpu/micro/gemm.h"
#include "kernels/cpu/micro/winograd_algorithm.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

// The places of the tile at `corner`, kSize x kSize pixels of a map, to `to`, one every `place`.
template <int kSize, class Transform>
ODIN_INLINE void transform_tile(const float* corner, long map_row, float* to, long place,
                                Transform transform) {
  Vector half[6][kSize];  // [row of the result][column of the tile]
#pragma GCC unroll 6
  for (int j = 0; j < kSize; ++j) {
    Vector in[kSize], out[6];
#pragma GCC unroll 6
    for (int i = 0; i < kSize; ++i) in[i] = load(corner + i * map_row + j * kLanes);
    transform(in, out);
#pragma GCC unroll 6
    for (int i = 0; i < 6; ++i) half[i][j] = out[i];
  }
#pragma GCC unroll 6
  for (int i = 0; i < 6; ++i) {
    Vector out[6];
    transform(half[i], out);
#pragma GCC unroll 6
    for (int j = 0; j < 6; ++j) store(to + (6 * i + j) * place, out[j]);
  }
}

inline PlaneSource input_source(const FilterTask& task, int image, int vector) {
  const int first = vector * kLanes;
  const int left = task.in_channels - first;
  return {plane_at(task.in, image, first),
          task.in.plane,
          left < kLanes ? left : kLanes,
          task.in_height,
          task.in_width,
          task.scale == nullptr ? nullptr : task.scale + first,
          task.shift == nullptr ? nullptr : task.shift + first};
}
inline PlaneSource gradient_source(const FilterTask& task, int image, int vector) {
  const int first = vector * kLanes;
  const int left = task.out_channels - first;
  return {plane_at(task.gradient, image, first),
          task.gradient.plane,
          left < kLanes ? left : kLanes,
          task.out_height,
          task.out_width,
          nullptr,
          nullptr};
}

// Writes vectors [first, last) of the input's channels to task.inputs.
template <Load kLoad>
void bring_inputs(const FilterTask& task, int first, int last) {
  const FilterTiling t = filter_tiling_of(task);
  const unsigned long map_bytes = sizeof(float) * static_cast<unsigned long>(t.map_height) *
                                  static_cast<unsigned long>(t.map_width * kLanes);
  if (task.winograd) memset(task.workspace, 0, map_bytes);  // the border stays zero
  const long map_row = static_cast<long>(t.map_width) * kLanes;
  for (int vector = first; vector < last; ++vector) {
    const long width = panel_width(t, vector);
    float* const to = task.inputs + panel_begin(t, vector) + vector % kVectors * kLanes;
    for (int image = 0; image < task.images; ++image) {
      if (!task.winograd) {
        float* const map = to + static_cast<long>(image) * t.map_height * t.map_width * width;
        if (task.padding > 0) {
          for (long p = 0; p < static_cast<long>(t.map_height) * t.map_width; ++p) {
            store(map + p * width, Vector{});
          }
        }
        for_each_pixel<kLoad>(input_source(task, image, vector), [&](int y, int x, Vector value) {
          store(map + ((y + task.padding) * static_cast<long>(t.map_width) + x + task.padding) *
                          width,
                value);
        });
        continue;
      }
      for_each_pixel<kLoad>(input_source(task, image, vector), [&](int y, int x, Vector value) {
        store(task.workspace + (y + 1) * map_row + (x + 1) * kLanes, value);
      });
      long row = static_cast<long>(image) * t.tile_rows * t.tile_columns;
      for (int y = 0; y < t.tile_rows; ++y) {
        for (int x = 0; x < t.tile_columns; ++x, ++row) {
          transform_tile<6>(task.workspace + 4 * y * map_row + 4L * x * kLanes, map_row,
                            to + row * width, t.input_place,
                            [](const Vector(&in)[6], Vector(&out)[6]) {
                              UnitStride<false>::transform_input(in, out);
                            });
        }
      }
    }
  }
}
inline void run_bring_inputs(const FilterTask& task, int first, int last) {
  with_load(task.load, [&](auto tag) { bring_inputs<decltype(tag)::value>(task, first, last); });
}

// Writes vectors [first, last) of the result's channels to task.gradients.
inline void bring_gradients(const FilterTask& task, int first, int last) {
  const FilterTiling t = filter_tiling_of(task);
  const long width = static_cast<long>(t.gradient_vectors) * kLanes;
  const long map_row = 4L * t.tile_columns * kLanes;
  if (task.winograd) {
    memset(task.workspace, 0,
           sizeof(float) * static_cast<unsigned long>(4 * t.tile_rows * map_row));
  }
  for (int vector = first; vector < last; ++vector) {
    for (int image = 0; image < task.images; ++image) {
      const PlaneSource source = gradient_source(task, image, vector);
      if (!task.winograd) {
        float* to = task.gradients +
                    static_cast<long>(image) * task.out_height * task.out_width * width +
                    vector * kLanes;
        for_each_pixel<Load::kPlain>(source, [&](int, int, Vector value) {
          store(to, value);
          to += width;
        });
        continue;
      }
      for_each_pixel<Load::kPlain>(source, [&](int y, int x, Vector value) {
        store(task.workspace + y * map_row + x * kLanes, value);
      });
      float* to = task.gradients + static_cast<long>(image) * t.tile_rows * t.tile_columns * width +
                  vector * kLanes;
      for (int y = 0; y < t.tile_rows; ++y) {
        for (int x = 0; x < t.tile_columns; ++x, to += width) {
          transform_tile<4>(task.workspace + 4 * y * map_row + 4L * x * kLanes, map_row, to,
                            t.gradient_place,
                            [](const auto& in, Vector(&out)[6]) { transform_gradient(in, out); });
        }
      }
    }
  }
}

// Where a product's operands lie: `lines` lines of `length` rows.
struct FilterOperands {
  const float* gradient;  // of row 0
  long gradient_width;    // floats from row to row
  const float* input;
  long input_step;  // floats from row to row
  long input_line;  // floats from line to line
  long lines;
  long length;
};

// sums[o][...] += gradient^T input, a block of kBlock output channels by kWidth vectors.
template <int kBlock, int kWidth>
__attribute__((noinline)) void add_filter_block(const FilterOperands& from, float* sums,
                                                long sums_row) {
  Vector sum[kBlock][kWidth];
#pragma GCC unroll 12
  for (int i = 0; i < kBlock; ++i) {
#pragma GCC unroll 2
    for (int v = 0; v < kWidth; ++v) sum[i][v] = load(sums + i * sums_row + v * kLanes);
  }
  const float* a = from.gradient;
  for (long line = 0; line < from.lines; ++line) {
    const float* b = from.input + line * from.input_line;
    for (long k = 0; k < from.length; ++k, a += from.gradient_width, b += from.input_step) {
      add_products<1>(a, b, sum);
    }
  }
#pragma GCC unroll 12
  for (int i = 0; i < kBlock; ++i) {
#pragma GCC unroll 2
    for (int v = 0; v < kWidth; ++v) store(sums + i * sums_row + v * kLanes, sum[i][v]);
  }
}

template <int kWidth>
ODIN_INLINE void add_filter_block(int rows, const FilterOperands& from, float* sums, long row) {
  with_rows(rows,
            [&](auto block) { add_filter_block<decltype(block)::value, kWidth>(from, sums, row); });
}

// Adds the products of places [first, last) to task.sums.
inline void multiply_filter(const FilterTask& task, int first, int last) {
  const FilterTiling t = filter_tiling_of(task);
  const long sums_row = static_cast<long>(t.input_vectors) * kLanes;
  for (int place = first; place < last; ++place) {
    float* const sums = task.sums + static_cast<long>(place) * task.out_channels * sums_row;
    for (int vector = 0; vector < t.input_vectors; vector += kVectors) {
      const long width = panel_width(t, vector);
      FilterOperands from{};
      from.gradient_width = static_cast<long>(t.gradient_vectors) * kLanes;
      from.gradient = task.gradients + (task.winograd ? place * t.gradient_place : 0);
      from.input =
          task.inputs + panel_begin(t, vector) + (task.winograd ? place * t.input_place : 0);
      from.input_step = width;
      from.lines = 1;
      from.length = t.rows;
      int images = 1;
      if (!task.winograd) {
        from.input +=
            (place / task.kernel * static_cast<long>(t.map_width) + place % task.kernel) * width;
        from.input_step = width * task.stride;
        from.input_line = width * task.stride * t.map_width;
        from.lines = task.out_height;
        from.length = task.out_width;
        images = task.images;
      }
      for (int image = 0; image < images; ++image) {
        FilterOperands block = from;
        block.gradient +=
            static_cast<long>(image) * task.out_height * task.out_width * from.gradient_width;
        block.input += static_cast<long>(image) * t.map_height * t.map_width * width;
        for (int row = 0; row < task.out_channels;) {
          const int rows = block_rows(task.out_channels - row);
          float* const to = sums + row * sums_row + vector * kLanes;
          if (width == kPanel) {
            add_filter_block<kVectors>(rows, block, to, sums_row);
          } else {
            add_filter_block<1>(rows, block, to, sums_row);
          }
          block.gradient += rows;
          row += rows;
        }
      }
    }
  }
}

// dw += the gradient from task.sums, for their rows [first, last).
inline void finish_filter(const FilterTask& task, int first, int last, float* dw) {
  const FilterTiling t = filter_tiling_of(task);
  const long sums_row = static_cast<long>(t.input_vectors) * kLanes;
  const long place = task.out_channels * sums_row;
  const int taps = task.kernel * task.kernel;
  if (task.pointwise) {
    const long row = static_cast<long>(t.gradient_vectors) * kLanes;
    for (int c = first; c < last; ++c) {
      for (int o = 0; o < task.out_channels; ++o) {
        dw[static_cast<long>(o) * task.in_channels + c] += task.sums[c * row + o];
      }
    }
    return;
  }
  for (int o = first; o < last; ++o) {
    for (int vector = 0; vector < t.input_vectors; ++vector) {
      const float* const from = task.sums + o * sums_row + vector * kLanes;
      const int left = task.in_channels - vector * kLanes;
      float* const to = dw + (static_cast<long>(o) * task.in_channels + vector * kLanes) * taps;
      const auto put = [&](int tap, Vector value) {
        for (int l = 0; l < kLanes && l < left; ++l) to[l * taps + tap] += value[l];
      };
      if (!task.winograd) {
        for (int tap = 0; tap < taps; ++tap) put(tap, load(from + tap * place));
        continue;
      }
      Vector half[3][6];  // [row of the kernel][column of dU]
      for (int j = 0; j < 6; ++j) {
        Vector u[6], g[3];
        for (int i = 0; i < 6; ++i) u[i] = load(from + (6 * i + j) * place);
        transform_filter(u, g);
        for (int i = 0; i < 3; ++i) half[i][j] = g[i];
      }
      for (int i = 0; i < 3; ++i) {
        Vector g[3];
        transform_filter(half[i], g);
        for (int j = 0; j < 3; ++j) put(3 * i + j, g[j]);
      }
    }
  }
}

inline FilterSpace filter_space(const FilterTask& task) {
  const FilterTiling t = filter_tiling_of(task);
  FilterSpace s{};
  s.depth = t.rows;
  s.places = t.places;
  s.rows = task.pointwise ? task.in_channels : task.out_channels;
  s.input_vectors = t.input_vectors;
  s.gradient_vectors = t.gradient_vectors;
  s.workspace = task.winograd ? padded(static_cast<long>(t.map_height) * t.map_width * kLanes) : 0;
  s.inputs = padded(task.winograd ? 36 * t.input_place : t.input_rows * t.input_vectors * kLanes);
  s.gradients =
      padded(task.winograd ? 36 * t.gradient_place : t.rows * t.gradient_vectors * kLanes);
  s.sums = task.pointwise
               ? static_cast<long>(task.in_channels) * t.gradient_vectors * kLanes
               : static_cast<long>(t.places) * task.out_channels * t.input_vectors * kLanes;
  return s;
}

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
