// The epilogue of epilogue.h inside a kernel.
#pragma once

#include "kernels/cuda/conv/epilogue.h"
#include "kernels/cuda/device/element.cuh"

namespace odin::cuda {

// masked_channels() of T's Element.
template <class T>
constexpr int kMasked = kMaskedBytes / static_cast<int>(sizeof(T));

// The byte of a mask that covers a channel of a pixel.
template <class T>
__device__ inline std::uint8_t& mask_byte(const ReluMask& mask, std::int64_t pixel, int channel) {
  return mask.bytes[pixel * mask.pitch + channel / kMasked<T>];
}

// Writes the mask of the closing ReLU for the four channels from `channel` on; those that do not exist
// are skipped. If a byte covers eight channels, the neighbouring lane has the other four, and must call
// this for the same pixel.
template <class T>
__device__ inline void write_output_mask(const Epilogue& e, std::int64_t pixel, int channel,
                                         const Floats<4>& z) {
  unsigned open = 0;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    if (channel + i >= e.target.channels) break;
    const float bias = e.bias != nullptr ? e.bias[channel + i] : 0;
    if (z.v[i] + bias > 0) open |= 1u << i;
  }
  if constexpr (kMasked<T> == 8) {
    const unsigned pair = 3u << (threadIdx.x % 32 & ~1u);
    open <<= channel % 8;
    open |= __shfl_xor_sync(pair, open, 1);
  }
  if (channel % kMasked<T> != 0 || channel >= e.target.channels) return;
  mask_byte<T>(e.output_mask, pixel, channel) = static_cast<std::uint8_t>(open);
}

// V neighbouring channels of a pixel. All exist, and one byte of a mask covers them.
template <class T, int V>
__device__ inline void finish_all(const Epilogue& e, std::int64_t pixel, int channel, Floats<V> z) {
  if (e.bias != nullptr) {
    const auto bias = load<V>(e.bias + channel);
#pragma unroll
    for (int i = 0; i < V; ++i) z.v[i] += bias.v[i];
  }
  if (e.relu) {
#pragma unroll
    for (int i = 0; i < V; ++i) z.v[i] = z.v[i] < 0 ? 0 : z.v[i];
  }
  const bool scaled = e.affine.scale != nullptr;
  Floats<V> scale;
  if (scaled) scale = load<V>(e.affine.scale + channel);
  if (e.affine.relu && e.mask.bytes != nullptr) {
    const unsigned byte = mask_byte<T>(e.mask, pixel, channel);
    const unsigned open = byte >> channel % kMasked<T>;
#pragma unroll
    for (int i = 0; i < V; ++i) z.v[i] = (open >> i & 1u) != 0 ? z.v[i] : 0;
  } else if (e.affine.relu) {
    auto x = load<V>(static_cast<const T*>(e.x.data) + pixel * e.x.pitch + channel);
    if (scaled) {
      const auto shift = load<V>(e.affine.shift + channel);
#pragma unroll
      for (int i = 0; i < V; ++i) x.v[i] = fmaf(scale.v[i], x.v[i], shift.v[i]);
    }
#pragma unroll
    for (int i = 0; i < V; ++i) z.v[i] = x.v[i] > 0 ? z.v[i] : 0;
  }
  if (scaled) {
#pragma unroll
    for (int i = 0; i < V; ++i) z.v[i] *= scale.v[i];
  }
  if (e.addend.data != nullptr) {
    const auto addend =
        load<V>(static_cast<const T*>(e.addend.data) + pixel * e.addend.pitch + channel);
#pragma unroll
    for (int i = 0; i < V; ++i) z.v[i] += addend.v[i];
  }
  store<V>(static_cast<T*>(e.target.data) + pixel * e.target.pitch + channel, z);
}

// Four neighbouring channels; those that do not exist are skipped.
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
