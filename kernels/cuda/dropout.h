// Dropout and noise from kernels/philox.h: the same numbers as on every other device.
#pragma once

#include "kernels/cuda/runtime/view.h"

namespace odin::cuda {

// y = x kept / (1 - rate), kept where philox_uniform(seed, key_stream, e) >= rate; e is the
// element's index in row-major (N, C, H, W) order. 0 <= rate < 1. y may be x.
void dropout_forward(double rate, std::uint64_t seed, std::uint64_t key_stream, ConstView x, View y,
                     Stream stream);
// dx += dy kept / (1 - rate)
void dropout_backward(double rate, std::uint64_t seed, std::uint64_t key_stream, ConstView dy,
                      View dx, Stream stream);

// y[i] = philox_uniform(seed, key_stream, first + i), 0 <= i < count
void uniform_noise(std::uint64_t seed, std::uint64_t key_stream, std::uint64_t first, float* y,
                   std::int64_t count, Stream stream);
// y[i] = philox_normal(seed, key_stream, first + i); computed in double, so that only the last bit
// can depend on the device's logarithm and cosine
void normal_noise(std::uint64_t seed, std::uint64_t key_stream, std::uint64_t first, float* y,
                  std::int64_t count, Stream stream);

}  // namespace odin::cuda
