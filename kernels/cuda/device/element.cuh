// Element types inside kernels: conversion to and from float, and vectors of 16 bytes.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include "kernels/cuda/runtime/launch.h"
#include "kernels/cuda/runtime/view.h"

namespace odin::cuda {

using Half = __half;
using BFloat16 = __nv_bfloat16;

__device__ inline float to_float(float x) {
  return x;
}
__device__ inline float to_float(Half x) {
  return __half2float(x);
}
__device__ inline float to_float(BFloat16 x) {
  return __bfloat162float(x);
}

// x rounded to T, to the nearest value, ties to even.
template <class T>
__device__ inline T to(float x) {
  if constexpr (std::is_same_v<T, Half>) {
    return __float2half_rn(x);
  } else if constexpr (std::is_same_v<T, BFloat16>) {
    return __float2bfloat16_rn(x);
  } else {
    return x;
  }
}

// V neighbouring elements in memory, read and written in one instruction.
template <class T, int V>
struct alignas(sizeof(T) * V) Pack {
  T v[V];
};
// The same in registers.
template <int V>
struct Floats {
  float v[V];
};

template <int V, class T>
__device__ inline Floats<V> load(const T* from) {
  const auto pack = *reinterpret_cast<const Pack<T, V>*>(from);
  Floats<V> floats;
#pragma unroll
  for (int i = 0; i < V; ++i) floats.v[i] = to_float(pack.v[i]);
  return floats;
}
template <int V, class T>
__device__ inline void store(T* target, const Floats<V>& floats) {
  Pack<T, V> pack;
#pragma unroll
  for (int i = 0; i < V; ++i) pack.v[i] = to<T>(floats.v[i]);
  *reinterpret_cast<Pack<T, V>*>(target) = pack;
}

// V neighbouring floats, one for each channel of a vector, 16 bytes at a time.
template <int V>
__device__ inline Floats<V> load_factors(const float* from) {
  constexpr int kAtOnce = V < 4 ? V : 4;
  Floats<V> factors;
#pragma unroll
  for (int first = 0; first < V; first += kAtOnce) {
    const Floats<kAtOnce> few = load<kAtOnce>(from + first);
#pragma unroll
    for (int i = 0; i < kAtOnce; ++i) factors.v[first + i] = few.v[i];
  }
  return factors;
}

// Calls f(T{}) with the type that an Element names.
template <class F>
void with_type(Element element, F f) {
  switch (element) {
    case Element::kFloat:
      return f(float{});
    case Element::kHalf:
      return f(Half{});
    case Element::kBFloat16:
      return f(BFloat16{});
  }
}

// A view inside a kernel, with a known element type: pixel p, channel c at data[p pitch + c].
template <class T>
struct Rows {
  T* data;
  std::int64_t pitch;

  __device__ T* at(std::int64_t pixel, std::int64_t channel) const {
    return data + pixel * pitch + channel;
  }
};
template <class T>
Rows<const T> rows(const ConstView& view) {
  return {static_cast<const T*>(view.data), view.pitch};
}
template <class T>
Rows<T> rows(const View& view) {
  return {static_cast<T*>(view.data), view.pitch};
}

inline bool same_shape(const ConstView& a, const ConstView& b) {
  return a.images == b.images && a.height == b.height && a.width == b.width &&
         a.channels == b.channels;
}

}  // namespace odin::cuda
