// The epilogue of epilogue.h inside a kernel.
//
// It is in three parts: load_epilogue_factors() once for a thread's channels, load_operands() for a
// pixel, and finish(). So a thread can have the operands of several pixels under way before it uses
// the first.
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

// What an epilogue needs of V channels for all pixels.
template <int V>
struct EpilogueFactors {
  Floats<V> bias;
  Floats<V> scale;
};

template <int V>
__device__ inline EpilogueFactors<V> load_epilogue_factors(const Epilogue& e, int channel) {
  EpilogueFactors<V> factors;
#pragma unroll
  for (int i = 0; i < V; ++i) {
    factors.bias.v[i] = 0;
    factors.scale.v[i] = 1;
  }
  if (e.bias != nullptr) factors.bias = load_factors<V>(e.bias + channel);
  if (e.affine.scale != nullptr) factors.scale = load_factors<V>(e.affine.scale + channel);
  return factors;
}

// What it needs of V channels of one pixel.
template <class T, int V>
struct EpilogueOperands {
  Pack<T, V> addend;
  unsigned open;  // bit i: affine's ReLU lets channel i through
};

// V neighbouring channels of a pixel. All exist, and one byte of a mask covers them.
template <class T, int V>
__device__ inline EpilogueOperands<T, V> load_operands(const Epilogue& e,
                                                       const EpilogueFactors<V>& factors,
                                                       std::int64_t pixel, int channel) {
  EpilogueOperands<T, V> operands{};
  operands.open = ~0u;
  if (e.addend.data != nullptr) {
    operands.addend = *reinterpret_cast<const Pack<T, V>*>(static_cast<const T*>(e.addend.data) +
                                                           pixel * e.addend.pitch + channel);
  }
  if (!e.affine.relu) return operands;
  if (e.mask.bytes != nullptr) {
    operands.open = mask_byte<T>(e.mask, pixel, channel) >> channel % kMasked<T>;
    return operands;
  }
  const auto x = load<V>(static_cast<const T*>(e.x.data) + pixel * e.x.pitch + channel);
  Floats<V> shift{};
  if (e.affine.scale != nullptr) shift = load_factors<V>(e.affine.shift + channel);
  operands.open = 0;
#pragma unroll
  for (int i = 0; i < V; ++i) {
    if (fmaf(factors.scale.v[i], x.v[i], shift.v[i]) > 0) operands.open |= 1u << i;
  }
  return operands;
}

// Writes the result for the sums z, which become the result. Returns the bits of the closing ReLU's
// mask.
template <class T, int V>
__device__ inline unsigned finish(const Epilogue& e, const EpilogueFactors<V>& factors,
                                  const EpilogueOperands<T, V>& operands, std::int64_t pixel,
                                  int channel, Floats<V>& z) {
  unsigned open = 0;
#pragma unroll
  for (int i = 0; i < V; ++i) z.v[i] += factors.bias.v[i];
  if (e.relu) {
#pragma unroll
    for (int i = 0; i < V; ++i) {
      if (z.v[i] > 0) open |= 1u << i;
      z.v[i] = z.v[i] < 0 ? 0 : z.v[i];
    }
  }
  if (e.affine.relu) {
#pragma unroll
    for (int i = 0; i < V; ++i) z.v[i] = (operands.open >> i & 1u) != 0 ? z.v[i] : 0;
  }
#pragma unroll
  for (int i = 0; i < V; ++i) {
    z.v[i] = z.v[i] * factors.scale.v[i] + to_float(operands.addend.v[i]);
  }
  store<V>(static_cast<T*>(e.target.data) + pixel * e.target.pitch + channel, z);
  return open;
}

// Writes next(z) and its mask, for the kMasked channels of one byte. Those that will read it must
// find what they would have made of the stored result, so that is rounded first.
template <class T>
__device__ inline void write_normalised(const Epilogue& e, std::int64_t pixel, int channel,
                                        Floats<kMasked<T>> z) {
  const auto scale = load_factors<kMasked<T>>(e.next.scale + channel);
  const auto shift = load_factors<kMasked<T>>(e.next.shift + channel);
  unsigned open = 0;
#pragma unroll
  for (int i = 0; i < kMasked<T>; ++i) {
    z.v[i] = fmaf(scale.v[i], to_float(to<T>(z.v[i])), shift.v[i]);
    if (z.v[i] > 0) open |= 1u << i;
    if (e.next.relu && z.v[i] < 0) z.v[i] = 0;
  }
  store<kMasked<T>>(static_cast<T*>(e.normalised.data) + pixel * e.normalised.pitch + channel, z);
  if (e.normalised_mask.bytes != nullptr) {
    mask_byte<T>(e.normalised_mask, pixel, channel) = static_cast<std::uint8_t>(open);
  }
}

// The whole epilogue for four neighbouring channels; those that do not exist are skipped. Without
// an output mask.
template <class T>
__device__ inline void finish_four(const Epilogue& e, std::int64_t pixel, int channel,
                                   Floats<4> z) {
  if (e.width >= 4 && channel + 4 <= e.target.channels) {
    const auto factors = load_epilogue_factors<4>(e, channel);
    finish<T>(e, factors, load_operands<T>(e, factors, pixel, channel), pixel, channel, z);
    return;
  }
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const int c = channel + i;
    if (c >= e.target.channels) break;
    const auto factors = load_epilogue_factors<1>(e, c);
    Floats<1> one{{z.v[i]}};
    finish<T>(e, factors, load_operands<T>(e, factors, pixel, c), pixel, c, one);
  }
}

}  // namespace odin::cuda
