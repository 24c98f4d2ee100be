// The epilogue of conv_epilogue.h inside a kernel.
#pragma once

#include "kernels/cuda/conv_epilogue.h"
#include "kernels/cuda/element.cuh"

namespace odin::cuda {

// V neighbouring channels of a pixel, all of which exist.
template <class T, int V>
__device__ inline void finish_all(const Epilogue& e, std::int64_t pixel, int channel, Floats<V> z) {
#pragma unroll
  for (int i = 0; i < V; ++i) {
    if (e.bias != nullptr) z.v[i] += e.bias[channel + i];
    if (e.relu && !(z.v[i] > 0)) z.v[i] = 0;
  }
  if (e.affine.relu) {
    const auto x = load<V>(static_cast<const T*>(e.x.data) + pixel * e.x.pitch + channel);
#pragma unroll
    for (int i = 0; i < V; ++i) {
      const float scale = e.affine.scale != nullptr ? e.affine.scale[channel + i] : 1;
      const float shift = e.affine.scale != nullptr ? e.affine.shift[channel + i] : 0;
      if (!(fmaf(scale, x.v[i], shift) > 0)) z.v[i] = 0;
    }
  }
  if (e.affine.scale != nullptr) {
#pragma unroll
    for (int i = 0; i < V; ++i) z.v[i] *= e.affine.scale[channel + i];
  }
  if (e.addend.data != nullptr) {
    const auto addend =
        load<V>(static_cast<const T*>(e.addend.data) + pixel * e.addend.pitch + channel);
#pragma unroll
    for (int i = 0; i < V; ++i) z.v[i] += addend.v[i];
  }
  store<V>(static_cast<T*>(e.target.data) + pixel * e.target.pitch + channel, z);
}

// Four neighbouring channels, as many of them as exist.
template <class T>
__device__ inline void finish(const Epilogue& e, std::int64_t pixel, int channel,
                              const Floats<4>& z) {
  if (e.aligned && channel + 4 <= e.target.channels) {
    finish_all<T>(e, pixel, channel, z);
  } else {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      if (channel + i < e.target.channels) {
        finish_all<T>(e, pixel, channel + i, Floats<1>{{z.v[i]}});
      }
    }
  }
}

}  // namespace odin::cuda
