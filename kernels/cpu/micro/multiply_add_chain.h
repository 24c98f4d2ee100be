// As many multiply-adds as the processor can do and nothing else: what benchmarks compare with.
#pragma once

#include "kernels/cpu/micro/simd.h"

namespace odin::cpu::ODIN_KERNELS {
namespace {

// 12 independent chains cover the latency of any current processor's units without spilling.
constexpr int kChains = 12;

// Does rounds x kChains x kLanes multiply-adds. Returns their sum, so that the compiler keeps them.
float multiply_add_chains(long rounds) {
  Vector sums[kChains];
  for (int c = 0; c < kChains; ++c) sums[c] = splat(static_cast<float>(c));
  Vector factor = splat(0.999f);
  Vector summand = splat(0.001f);
  // The compiler does not know these values, so it cannot compute ahead.
  asm volatile("" : "+x"(factor), "+x"(summand));
  for (long r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
    for (int c = 0; c < kChains; ++c) sums[c] = sums[c] * factor + summand;
  }
  float total = 0;
  for (int c = 0; c < kChains; ++c) {
    for (int l = 0; l < kLanes; ++l) total += sums[c][l];
  }
  return total;
}

}  // namespace
}  // namespace odin::cpu::ODIN_KERNELS
