// Vectors of the instruction set that this translation unit is compiled for, and their masks.
//
// GCC's vector extension gives arithmetic, comparison and shuffles for any width. Only moving
// between lanes and bits of a mask needs the set's own instructions.
#pragma once

#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define ODIN_KERNELS avx512
#elif defined(__AVX2__)
#define ODIN_KERNELS avx2
#else
#define ODIN_KERNELS portable
#endif

#define ODIN_INLINE inline __attribute__((always_inline))

namespace odin::cpu::ODIN_KERNELS {
namespace {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
constexpr int kRows = 12;  // rows of the micro-kernel: 12 x 2 accumulators of 32 registers
using Word = uint16_t;     // a mask of one vector, a bit for each lane
#elif defined(__AVX2__)
constexpr int kLanes = 8;
constexpr int kRows = 6;  // 6 x 2 accumulators of 16 registers
using Word = uint8_t;
#else
constexpr int kLanes = 4;
constexpr int kRows = 6;
using Word = uint8_t;
#endif
constexpr int kVectors = 2;  // columns of the micro-kernel, in vectors
constexpr int kPanel = kVectors * kLanes;
constexpr long kLine = 16;  // floats of a line of the cache

using Vector __attribute__((vector_size(4 * kLanes))) = float;
using UnalignedVector __attribute__((vector_size(4 * kLanes), aligned(4), may_alias)) = float;
using IntVector __attribute__((vector_size(4 * kLanes))) = int32_t;

ODIN_INLINE Vector load(const float* p) {
  return *reinterpret_cast<const UnalignedVector*>(p);
}
ODIN_INLINE void store(float* p, Vector x) {
  *reinterpret_cast<UnalignedVector*>(p) = x;
}
// Asks for a line of the cache. It waits in the second level: the first has no room for lines that
// are used much later, least of all if they are 4096 bytes apart.
ODIN_INLINE void ask_for(const float* line) {
  __builtin_prefetch(line, 0, 2);
}
ODIN_INLINE Vector splat(float x) {
  return x - Vector{};
}

// A bit for each element that a ReLU lets through. The test is "not at most zero", so NaN stays
// NaN.
ODIN_INLINE Word passing(Vector x) {
#if defined(__AVX512F__)
  return _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_NLE_UQ);
#elif defined(__AVX2__)
  return static_cast<Word>(_mm256_movemask_ps(_mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_NLE_UQ)));
#else
  Word mask = 0;
  for (int l = 0; l < kLanes; ++l) mask = static_cast<Word>(mask | (!(x[l] <= 0) ? 1 << l : 0));
  return mask;
#endif
}

// x where its bit is set, else 0.
ODIN_INLINE Vector keep(Word mask, Vector x) {
#if defined(__AVX512F__)
  return _mm512_maskz_mov_ps(mask, x);
#elif defined(__AVX2__)
  const IntVector lane = {1, 2, 4, 8, 16, 32, 64, 128};
  const IntVector open = ((mask - IntVector{}) & lane) == lane;
  return reinterpret_cast<Vector>(reinterpret_cast<IntVector>(x) & open);
#else
  const IntVector lane = {1, 2, 4, 8};
  const IntVector open = ((mask - IntVector{}) & lane) == lane;
  return reinterpret_cast<Vector>(reinterpret_cast<IntVector>(x) & open);
#endif
}

// The ReLU of x: NaN stays NaN.
ODIN_INLINE Vector relu(Vector x) {
#if defined(__AVX512F__)
  // The second operand if one of them is NaN. (GCC 12 warns of the unmasked function.)
  return _mm512_maskz_max_ps(static_cast<__mmask16>(-1), _mm512_setzero_ps(), x);
#elif defined(__AVX2__)
  return _mm256_max_ps(_mm256_setzero_ps(), x);
#else
  return keep(passing(x), x);
#endif
}

// x where the lane of `lanes` is all ones, 0 where it is zero.
ODIN_INLINE Vector select(IntVector lanes, Vector x) {
  return reinterpret_cast<Vector>(reinterpret_cast<IntVector>(x) & lanes);
}

// evens, odds: elements 0, 2, 4, ... and 1, 3, 5, ... of a followed by b. zip_low, zip_high: the
// inverse, the first and second half of a0 b0 a1 b1 ...
#if defined(__AVX512F__)
ODIN_INLINE Vector evens(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
}
ODIN_INLINE Vector odds(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}
ODIN_INLINE Vector zip_low(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
ODIN_INLINE Vector zip_high(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                 31);
}
#elif defined(__AVX2__)
ODIN_INLINE Vector evens(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14);
}
ODIN_INLINE Vector odds(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15);
}
ODIN_INLINE Vector zip_low(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
ODIN_INLINE Vector zip_high(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}
#else
ODIN_INLINE Vector evens(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, 0, 2, 4, 6);
}
ODIN_INLINE Vector odds(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, 1, 3, 5, 7);
}
ODIN_INLINE Vector zip_low(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, 0, 4, 1, 5);
}
ODIN_INLINE Vector zip_high(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, 2, 6, 3, 7);
}
#endif

// Pieces are four consecutive lanes. Lanes move within a piece, and whole pieces move, more cheaply
// than lanes across pieces, which on Zen 4 takes the place of a multiplication.
constexpr int kPieces = kLanes / 4;
#if defined(__AVX512F__)
#define ODIN_OF_EACH_PIECE(a, b, c, d) \
  a, b, c, d, a + 4, b + 4, c + 4, d + 4, a + 8, b + 8, c + 8, d + 8, a + 12, b + 12, c + 12, d + 12
#elif defined(__AVX2__)
#define ODIN_OF_EACH_PIECE(a, b, c, d) a, b, c, d, a + 4, b + 4, c + 4, d + 4
#else
#define ODIN_OF_EACH_PIECE(a, b, c, d) a, b, c, d
#endif
// Lane i of piece j of vector q becomes lane q of piece j of vector i.
ODIN_INLINE void transpose_pieces(Vector (&x)[4]) {
  constexpr int k = kLanes;
  const Vector a = __builtin_shufflevector(x[0], x[1], ODIN_OF_EACH_PIECE(0, k, 1, k + 1));
  const Vector b = __builtin_shufflevector(x[0], x[1], ODIN_OF_EACH_PIECE(2, k + 2, 3, k + 3));
  const Vector c = __builtin_shufflevector(x[2], x[3], ODIN_OF_EACH_PIECE(0, k, 1, k + 1));
  const Vector d = __builtin_shufflevector(x[2], x[3], ODIN_OF_EACH_PIECE(2, k + 2, 3, k + 3));
  x[0] = __builtin_shufflevector(a, c, ODIN_OF_EACH_PIECE(0, 1, k, k + 1));
  x[1] = __builtin_shufflevector(a, c, ODIN_OF_EACH_PIECE(2, 3, k + 2, k + 3));
  x[2] = __builtin_shufflevector(b, d, ODIN_OF_EACH_PIECE(0, 1, k, k + 1));
  x[3] = __builtin_shufflevector(b, d, ODIN_OF_EACH_PIECE(2, 3, k + 2, k + 3));
}
#undef ODIN_OF_EACH_PIECE
// even_pieces, odd_pieces: pieces 0, 2, ... and 1, 3, ... of a followed by b. zip_pieces_low,
// zip_pieces_high: the inverse.
#if defined(__AVX512F__)
ODIN_INLINE Vector even_pieces(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
}
ODIN_INLINE Vector odd_pieces(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
}
ODIN_INLINE Vector zip_pieces_low(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
}
ODIN_INLINE Vector zip_pieces_high(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30,
                                 31);
}
#elif defined(__AVX2__)
ODIN_INLINE Vector even_pieces(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11);
}
ODIN_INLINE Vector odd_pieces(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
}
ODIN_INLINE Vector zip_pieces_low(Vector a, Vector b) {
  return even_pieces(a, b);
}
ODIN_INLINE Vector zip_pieces_high(Vector a, Vector b) {
  return odd_pieces(a, b);
}
#else
ODIN_INLINE Vector even_pieces(Vector a, Vector /*b*/) {
  return a;
}
ODIN_INLINE Vector odd_pieces(Vector /*a*/, Vector b) {
  return b;
}
ODIN_INLINE Vector zip_pieces_low(Vector a, Vector /*b*/) {
  return a;
}
ODIN_INLINE Vector zip_pieces_high(Vector /*a*/, Vector b) {
  return b;
}
#endif

// Vectors made of halves: of two places in memory, or of the first or the second halves of a and b.
using UnalignedHalf __attribute__((vector_size(2 * kLanes), aligned(4), may_alias)) = float;
#if defined(__AVX512F__)
#define ODIN_LOW_HALVES 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23
#define ODIN_HIGH_HALVES 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31
#define ODIN_ALL_LANES 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
#elif defined(__AVX2__)
#define ODIN_LOW_HALVES 0, 1, 2, 3, 8, 9, 10, 11
#define ODIN_HIGH_HALVES 4, 5, 6, 7, 12, 13, 14, 15
#define ODIN_ALL_LANES 0, 1, 2, 3, 4, 5, 6, 7
#else
#define ODIN_LOW_HALVES 0, 1, 4, 5
#define ODIN_HIGH_HALVES 2, 3, 6, 7
#define ODIN_ALL_LANES 0, 1, 2, 3
#endif
ODIN_INLINE Vector load_halves(const float* a, const float* b) {
  return __builtin_shufflevector(*reinterpret_cast<const UnalignedHalf*>(a),
                                 *reinterpret_cast<const UnalignedHalf*>(b), ODIN_ALL_LANES);
}
ODIN_INLINE Vector low_halves(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, ODIN_LOW_HALVES);
}
ODIN_INLINE Vector high_halves(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, ODIN_HIGH_HALVES);
}
#undef ODIN_LOW_HALVES
#undef ODIN_HIGH_HALVES
#undef ODIN_ALL_LANES

ODIN_INLINE long vectors_of(long elements) {
  return (elements + kLanes - 1) / kLanes;
}
// Floats to reserve for `count` floats, so that what follows begins on a cache line and kernels may
// read one vector past the end.
ODIN_INLINE long padded(long count) {
  return (count + 15) / 16 * 16 + 16;
}

// memcpy for a row of a plane, which is too short for a call.
ODIN_INLINE void copy_row(const float* from, float* to, int count) {
  int i = 0;
  for (; i + kLanes <= count; i += kLanes) store(to + i, load(from + i));
  if constexpr (kLanes > 8) {
    typedef float Half __attribute__((vector_size(32), aligned(4), may_alias));
    for (; i + 8 <= count; i += 8) {
      *reinterpret_cast<Half*>(to + i) = *reinterpret_cast<const Half*>(from + i);
    }
  }
  for (; i < count; ++i) to[i] = from[i];
}

// Element l of vector i becomes element i + kCount l of all. So kLanes vectors are transposed.
template <int kCount>
ODIN_INLINE void interleave(Vector (&x)[kCount]) {
#pragma GCC unroll 4
  for (int round = 1; round < kCount; round *= 2) {
    Vector next[kCount];
#pragma GCC unroll 8
    for (int i = 0; i < kCount / 2; ++i) {
      next[2 * i] = zip_low(x[i], x[i + kCount / 2]);
      next[2 * i + 1] = zip_high(x[i], x[i + kCount / 2]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < kCount; ++i) x[i] = next[i];
  }
}

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
