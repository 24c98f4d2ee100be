// Means and variances of parts, merged into those of the whole.
#pragma once

#include <cuda_runtime.h>

namespace odin::cuda {

// Mean and sum of squared distances from it, of `count` values.
struct Moments {
  float count;
  float mean;
  float distance;

  // Chan, Golub and LeVeque 1979.
  __device__ void merge(const Moments& other) {
    if (other.count == 0) return;
    const float total = count + other.count;
    const float share = other.count / total;
    const float delta = other.mean - mean;
    mean += delta * share;
    distance += other.distance + delta * delta * count * share;
    count = total;
  }
};

}  // namespace odin::cuda
