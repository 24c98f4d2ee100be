// Sums over the lanes of a warp, in a fixed order.
#pragma once

#include <cuda_runtime.h>

namespace odin::cuda {

constexpr unsigned kAllLanes = 0xffffffffu;

// combine(a, b) over all 32 lanes, the result in every lane: five exchanges with the lane 16, 8, 4,
// 2 and 1 away. combine must be symmetric for the lanes to agree.
template <class T, class Combine>
__device__ inline T warp_reduce(T value, Combine combine) {
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2) {
    value = combine(value, __shfl_xor_sync(kAllLanes, value, distance));
  }
  return value;
}

template <class T>
__device__ inline T warp_sum(T value) {
  return warp_reduce(value, [](T a, T b) { return a + b; });
}

}  // namespace odin::cuda
