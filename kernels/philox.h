// Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): random
// numbers as a function of a key and a counter. So they are the same on every device, for every
// batch size and number of threads. For host and CUDA code.
#pragma once

#include <cmath>
#include <cstdint>

#ifdef __CUDACC__
#define ODIN_HOST_DEVICE __host__ __device__
#else
#define ODIN_HOST_DEVICE
#endif

namespace odin {

struct Philox4x32 {
  std::uint32_t x[4];
};

// Ten rounds on a counter of four words under a key of two.
ODIN_HOST_DEVICE constexpr Philox4x32 philox4x32_10(Philox4x32 counter, std::uint32_t key0,
                                                    std::uint32_t key1) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = std::uint64_t{0xD2511F53u} * counter.x[0];
    const std::uint64_t product1 = std::uint64_t{0xCD9E8D57u} * counter.x[2];
    counter = {{static_cast<std::uint32_t>(product1 >> 32) ^ counter.x[1] ^ key0,
                static_cast<std::uint32_t>(product1),
                static_cast<std::uint32_t>(product0 >> 32) ^ counter.x[3] ^ key1,
                static_cast<std::uint32_t>(product0)}};
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return counter;
}

// Word `index` of the sequence (seed, stream), 32 random bits. Four consecutive words come from one
// call of the generator.
ODIN_HOST_DEVICE constexpr std::uint32_t philox_bits(std::uint64_t seed, std::uint64_t stream,
                                                     std::uint64_t index) {
  const std::uint64_t block = index / 4;
  const Philox4x32 r = philox4x32_10(
      {{static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32),
        static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)}},
      static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32));
  return r.x[index % 4];
}

// Uniform in [0, 1): the upper 24 bits, exact in a float.
ODIN_HOST_DEVICE constexpr float philox_uniform(std::uint64_t seed, std::uint64_t stream,
                                                std::uint64_t index) {
  return static_cast<float>(philox_bits(seed, stream, index) >> 8) * (1.0f / 16777216.0f);
}

// The least value of a word's upper 24 bits whose philox_uniform() is at least `rate`, in [0, 1].
// (Rounded to a float, a rate of 0.7 is one of those numbers, and below 0.7.)
inline std::uint32_t philox_threshold(double rate) {
  return static_cast<std::uint32_t>(std::ceil(std::ldexp(rate, 24)));
}

// Standard normal, by the Box-Muller transform of words 2 index and 2 index + 1; always finite.
ODIN_HOST_DEVICE inline double philox_normal(std::uint64_t seed, std::uint64_t stream,
                                             std::uint64_t index) {
  constexpr double kTwoToMinus32 = 1.0 / 4294967296.0;
  constexpr double kTwoPi = 6.283185307179586;
  const double radius = (philox_bits(seed, stream, 2 * index) + 0.5) * kTwoToMinus32;
  const double angle = philox_bits(seed, stream, 2 * index + 1) * kTwoToMinus32;
  return std::sqrt(-2.0 * std::log(radius)) * std::cos(kTwoPi * angle);
}

}  // namespace odin
