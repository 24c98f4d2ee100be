// ldmatrix and mma.sync, by exchange between the 32 fibers of a warp. The layout of the fragments
// is the PTX manual's ("Matrix fragments for mma.m16n8k16" and the sections around it).
#pragma once

#include <bit>

#include "tests/cuda_on_cpu/cuda_bf16.h"
#include "tests/cuda_on_cpu/cuda_fp16.h"
#include "tests/cuda_on_cpu/cuda_language.h"

namespace emulated {

constexpr unsigned kWholeWarp = 0xffffffffu;

// Four 8 x 8 matrices of 16-bit elements. Lane 8 i + r brings the address of row r of matrix i.
// Every lane gets elements 2 (lane % 4) and 2 (lane % 4) + 1 of row lane / 4 of each matrix.
inline void ldmatrix_x4(std::uint32_t (&fragment)[4], const void* row,
                        const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  if (reinterpret_cast<std::uintptr_t>(row) % 16 != 0) {
    throw KernelError("ldmatrix is given a row that is not aligned to 16 bytes");
  }
  const Slot* slots = meet(kWholeWarp, "ldmatrix", to_slot(row), false, file, line);
  const unsigned own = lane();
  for (unsigned i = 0; i < 4; ++i) {
    const auto* words =
        static_cast<const std::uint32_t*>(from_slot<const void*>(slots[8 * i + own / 4]));
    fragment[i] = words[own % 4];
  }
}

// The two elements of a register of a fragment, as floats.
inline float2 unpack(std::uint32_t word, __half) {
  return {__half2float({static_cast<std::uint16_t>(word)}),
          __half2float({static_cast<std::uint16_t>(word >> 16)})};
}
inline float2 unpack(std::uint32_t word, __nv_bfloat16) {
  return {std::bit_cast<float>(word << 16), std::bit_cast<float>(word & 0xffff0000u)};
}

// A lane's part of A (16 x 16) and B (16 x 8), by register and element.
struct MmaOperands {
  float2 a[4];
  float2 b[2];
};

// Adds to sum the products of what the lanes hold: two halves of k, and what product(x, y) makes of
// an operand of A and one of B.
template <class Product>
void mma_of(float (&sum)[4], const MmaOperands& own, Product product, const char* file, int line) {
  const Slot* slots = meet(kWholeWarp, "mma", to_slot(own), false, file, line);
  const unsigned group = lane() / 4;
  const unsigned column = lane() % 4 * 2;
  for (unsigned quarter = 0; quarter < 4; ++quarter) {
    const auto rows = from_slot<MmaOperands>(slots[4 * group + quarter]);
    for (unsigned c = 0; c < 2; ++c) {
      const auto columns = from_slot<MmaOperands>(slots[4 * (column + c) + quarter]);
      for (unsigned half = 0; half < 2; ++half) {  // of k
        for (unsigned r = 0; r < 2; ++r) {         // row group, and 8 below
          sum[2 * r + c] += product(rows.a[2 * half + r], columns.b[half]);
        }
      }
    }
  }
}

// sum += A B, 16 x 8 += 16 x 16 16 x 8, A by rows and B by columns.
template <class T>
void mma(float (&sum)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
         const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  MmaOperands own;
  for (int i = 0; i < 4; ++i) own.a[i] = unpack(a[i], T{});
  for (int i = 0; i < 2; ++i) own.b[i] = unpack(b[i], T{});
  const auto product = [](float2 x, float2 y) { return x.x * y.x + x.y * y.y; };
  mma_of(sum, own, product, file, line);
}

// The same for A (16 x 8) and B (8 x 8) of 32-bit elements; mma uses only their upper 19 bits.
template <>
inline void mma<float>(float (&sum)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
                       const char* file, int line) {
  const auto value = [](std::uint32_t word) { return std::bit_cast<float>(word & 0xffffe000u); };
  MmaOperands own{};
  for (int i = 0; i < 4; ++i) own.a[i].x = value(a[i]);
  for (int i = 0; i < 2; ++i) own.b[i].x = value(b[i]);
  mma_of(
      sum, own, [](float2 x, float2 y) { return x.x * y.x; }, file, line);
}

}  // namespace emulated
