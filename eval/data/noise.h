// Images of noise.
#pragma once

#include <cstdint>
#include <memory>

#include "eval/data/dataset.h"

namespace odin {

enum class NoiseKind : std::uint8_t {
  kUniform,  // every number is drawn from U[0, 1)
  kGaussian  // every number is drawn from N(0.5, 1) and clamped to [0, 1]
};

// The streams of kernels/philox.h for the numbers. No other use of a seed shares them.
inline constexpr std::uint64_t kUniformNoiseStream = 0x756E69666F726D00;   // "uniform"
inline constexpr std::uint64_t kGaussianNoiseStream = 0x676175737369616E;  // "gaussian"

// `count` images without labels. Element e of image i, which has E of them, depends only on the
// seed and k = E i + e:
// - uniform: philox_uniform(seed, stream, k);
// - Gaussian: 0.5 + z(k), clamped to [0, 1]. With w(k) = philox_bits(seed, stream, k), the method
// of
//   Box and Muller gives a pair of z for each even k: with u = (w(k) + 1/2) / 2^32 and
//   v = w(k + 1) / 2^32, z(k) = sqrt(-2 ln u) cos(2 pi v) and z(k + 1) = sqrt(-2 ln u) sin(2 pi v).
// Throws Error for a count below one.
std::shared_ptr<const Dataset> make_noise(NoiseKind kind, std::int64_t count, std::uint64_t seed,
                                          const ImageShape& shape = {});

}  // namespace odin
