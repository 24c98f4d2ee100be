// The parts of CUDA's language that our kernels use, as plain C++.
#pragma once

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "tests/cuda_on_cpu/emulator.h"

#define __global__
#define __device__
#define __host__
#define __launch_bounds__(...)
#define __grid_constant__
#define __align__(n) alignas(n)

struct alignas(8) float2 {
  float x, y;
};

using std::max;
using std::min;

// --- barriers, shuffles and votes ----------------------------------------------------------------
inline void __syncthreads(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  emulated::block_barrier(file, line);
}
inline void __syncwarp(unsigned mask = 0xffffffffu, const char* file = __builtin_FILE(),
                       int line = __builtin_LINE()) {
  emulated::meet(mask, "__syncwarp", {}, true, file, line);
}

namespace emulated {

template <class T>
Slot to_slot(const T& value) {
  static_assert(sizeof(T) <= sizeof(Slot) && std::is_trivially_copyable_v<T>);
  Slot slot{};
  __builtin_memcpy(&slot, &value, sizeof(T));
  return slot;
}
template <class T>
T from_slot(const Slot& slot) {
  T value;
  __builtin_memcpy(&value, &slot, sizeof(T));
  return value;
}

// The value that lane `source` brought to a shuffle.
template <class T>
T shuffle(unsigned mask, const char* operation, T value, unsigned source, const char* file,
          int line) {
  const Slot* slots = meet(mask, operation, to_slot(value), false, file, line);
  if ((mask >> source & 1u) == 0) throw KernelError("a shuffle reads from a lane not in its mask");
  return from_slot<T>(slots[source]);
}

// The values of all lanes in the mask, combined.
template <class T, class Combine>
T reduce(unsigned mask, const char* operation, T value, Combine combine, const char* file,
         int line) {
  const Slot* slots = meet(mask, operation, to_slot(value), false, file, line);
  T result{};
  bool first = true;
  for (unsigned i = 0; i < 32; ++i) {
    if ((mask >> i & 1u) == 0) continue;
    result = first ? from_slot<T>(slots[i]) : combine(result, from_slot<T>(slots[i]));
    first = false;
  }
  return result;
}

}  // namespace emulated

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32,
              const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  const unsigned lane = emulated::lane();
  const auto w = static_cast<unsigned>(width);
  return emulated::shuffle(mask, "__shfl_sync", value,
                           lane / w * w + static_cast<unsigned>(source) % w, file, line);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32,
                   const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  const unsigned lane = emulated::lane();
  const auto w = static_cast<unsigned>(width);
  return emulated::shuffle(mask, "__shfl_down_sync", value,
                           lane % w + delta < w ? lane + delta : lane, file, line);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = 32,
                  const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  const unsigned lane = emulated::lane();
  const auto w = static_cast<unsigned>(width);
  const unsigned source = lane ^ static_cast<unsigned>(lanes);
  return emulated::shuffle(mask, "__shfl_xor_sync", value, source / w <= lane / w ? source : lane,
                           file, line);
}
inline unsigned __ballot_sync(unsigned mask, int predicate, const char* file = __builtin_FILE(),
                              int line = __builtin_LINE()) {
  const unsigned own = predicate != 0 ? 1u << emulated::lane() : 0;
  return emulated::reduce(
      mask, "__ballot_sync", own, [](unsigned a, unsigned b) { return a | b; }, file, line);
}
inline int __any_sync(unsigned mask, int predicate, const char* file = __builtin_FILE(),
                      int line = __builtin_LINE()) {
  return emulated::reduce(
      mask, "__any_sync", int{predicate != 0}, [](int a, int b) { return a | b; }, file, line);
}
template <class T>
T __reduce_add_sync(unsigned mask, T value, const char* file = __builtin_FILE(),
                    int line = __builtin_LINE()) {
  return emulated::reduce(
      mask, "__reduce_add_sync", value, [](T a, T b) { return static_cast<T>(a + b); }, file, line);
}

// --- atomics and bits ----------------------------------------------------------------------------
// (Fibers are never interrupted; the built-in tells ThreadSanitizer that the access is atomic.)
inline unsigned atomicOr(unsigned* address, unsigned value) {
  return __atomic_fetch_or(address, value, __ATOMIC_RELAXED);
}
inline float __uint_as_float(unsigned bits) {
  float x;
  __builtin_memcpy(&x, &bits, sizeof x);
  return x;
}
