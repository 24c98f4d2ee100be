// How the gradient in the weights (filter_gradient.h) lays out its operands, and how planes become
// rows of channels.
#pragma once

#include "kernels/cpu/micro/operands.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

// The matrices of a task. A row of the products is a pixel of the result or, with Winograd's
// algorithm, a tile. A place is a tap of the kernel or one of the 36 of a tile.
struct FilterTiling {
  int tile_rows;      // Winograd: of an image
  int tile_columns;   // Winograd: of an image
  int map_height;     // of an image of the input, with its border
  int map_width;      //
  long rows;          // of the result's matrix: pixels or tiles of all images
  long input_rows;    // of the input's matrix: of the maps or the tiles of all images
  int input_vectors;  // of channels
  int gradient_vectors;
  long input_place;  // floats from one place to the next: of the transformed input
  long gradient_place;
  int places;
};
ODIN_INLINE FilterTiling filter_tiling_of(const FilterTask& task) {
  FilterTiling t{};
  t.input_vectors = static_cast<int>(vectors_of(task.in_channels));
  t.gradient_vectors = static_cast<int>(vectors_of(task.out_channels));
  if (task.winograd) {
    t.tile_rows = (task.out_height + 3) / 4;
    t.tile_columns = (task.out_width + 3) / 4;
    t.map_height = 4 * t.tile_rows + 2;
    t.map_width = 4 * t.tile_columns + 2;
    t.rows = static_cast<long>(task.images) * t.tile_rows * t.tile_columns;
    t.input_rows = t.rows;
    t.places = 36;
    // Otherwise the places of a tile would compete for the same few lines of the cache.
    t.input_place = t.input_rows * t.input_vectors * kLanes + 16;
    t.gradient_place = t.rows * t.gradient_vectors * kLanes + 16;
  } else {
    t.map_height = task.in_height + 2 * task.padding;
    t.map_width = task.in_width + 2 * task.padding;
    t.rows = static_cast<long>(task.images) * task.out_height * task.out_width;
    t.input_rows = static_cast<long>(task.images) * t.map_height * t.map_width;
    t.places = task.kernel * task.kernel;
  }
  return t;
}

// The input's matrix is cut into panels of kPanel channels, the last one perhaps of kLanes; each
// has all rows. Where row 0 of vector v begins, and the distance between its rows.
ODIN_INLINE long panel_width(const FilterTiling& t, int vector) {
  return vector / kVectors * kVectors + kVectors <= t.input_vectors ? kPanel : kLanes;
}
ODIN_INLINE long panel_begin(const FilterTiling& t, int vector) {
  return vector / kVectors * kPanel * t.input_rows;
}

// Planes of an image, and what happens to their elements.
struct PlaneSource {
  const float* data;  // of channel 0 of the vector
  long plane;
  int channels;  // of the vector, at most kLanes; further ones count as zero
  int height;
  int width;
  const float* scale;  // of channel 0 of the vector, for Load::kNormalise
  const float* shift;
};

// Calls put(y, x, vector) for every pixel, with a vector of its channels.
template <Load kLoad, class Put>
ODIN_INLINE void for_each_pixel(const PlaneSource& from, Put put) {
  const int pixels = from.height * from.width;
  int y = 0;
  int x = 0;
  for (int first = 0; first < pixels; first += kLanes) {
    const int count = pixels - first < kLanes ? pixels - first : kLanes;
    Vector rows[kLanes];
    for (int c = 0; c < kLanes; ++c) {
      rows[c] = Vector{};
      if (c >= from.channels) continue;
      rows[c] = load_some(from.data + c * from.plane + first, count);
      if constexpr (kLoad == Load::kNormalise) {
        const Vector z = rows[c] * splat(from.scale[c]) + splat(from.shift[c]);
        rows[c] = keep(passing(z), z);
      }
    }
    interleave(rows);
    for (int i = 0; i < count; ++i) {
      put(y, x, rows[i]);
      if (++x == from.width) {
        x = 0;
        ++y;
      }
    }
  }
}

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
