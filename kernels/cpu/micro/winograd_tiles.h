// The order of Winograd's tiles in the lanes of a vector (winograd.h): that which costs the
// cheapest shuffles. Tile kPieces i + j of a vector is in lane i of piece j.
#pragma once

#include "kernels/cpu/micro/simd.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

ODIN_INLINE long tile_of_lane(long lane) {
  return kPieces * (lane % 4) + lane / 4;
}

// From kCount pixels of each of kLanes tiles, in the order of the tiles, makes a vector of the
// first pixels of all tiles, one of the second, and so on.
template <int kCount>
ODIN_INLINE void pixels_to_tiles(Vector (&x)[kCount]) {
  if constexpr (kCount == 4) {
    transpose_pieces(x);
  } else {
    static_assert(kCount == 8);
    Vector low[4], high[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      low[i] = even_pieces(x[2 * i], x[2 * i + 1]);
      high[i] = odd_pieces(x[2 * i], x[2 * i + 1]);
    }
    transpose_pieces(low);
    transpose_pieces(high);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      x[i] = low[i];
      x[4 + i] = high[i];
    }
  }
}
// And back.
template <int kCount>
ODIN_INLINE void tiles_to_pixels(Vector (&x)[kCount]) {
  if constexpr (kCount == 4) {
    transpose_pieces(x);
  } else {
    static_assert(kCount == 8);
    Vector low[4] = {x[0], x[1], x[2], x[3]};
    Vector high[4] = {x[4], x[5], x[6], x[7]};
    transpose_pieces(low);
    transpose_pieces(high);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      x[2 * i] = zip_pieces_low(low[i], high[i]);
      x[2 * i + 1] = zip_pieces_high(low[i], high[i]);
    }
  }
}

// Each tile's neighbour. That of the first tile is the last of `before`, that of the last tile the
// first of `after`.
#if defined(__AVX512F__)
ODIN_INLINE Vector tiles_before(Vector x, Vector before) {
  return __builtin_shufflevector(x, before, 31, 12, 13, 14, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
}
ODIN_INLINE Vector tiles_after(Vector x, Vector after) {
  return __builtin_shufflevector(x, after, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 1, 2, 3, 16);
}
#elif defined(__AVX2__)
ODIN_INLINE Vector tiles_before(Vector x, Vector before) {
  return __builtin_shufflevector(x, before, 15, 4, 5, 6, 0, 1, 2, 3);
}
ODIN_INLINE Vector tiles_after(Vector x, Vector after) {
  return __builtin_shufflevector(x, after, 4, 5, 6, 7, 1, 2, 3, 8);
}
#else
ODIN_INLINE Vector tiles_before(Vector x, Vector before) {
  return __builtin_shufflevector(x, before, 7, 0, 1, 2);
}
ODIN_INLINE Vector tiles_after(Vector x, Vector after) {
  return __builtin_shufflevector(x, after, 1, 2, 3, 4);
}
#endif

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
