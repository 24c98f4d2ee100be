// The random variation of a training image, the same on every device.
#pragma once

#include "kernels/philox.h"

namespace odin {

// Where the pixels of one augmented image come from: pixel (i, j) from (i + down, j + right), with
// W - 1 - j instead of j if it is mirrored.
struct AugmentationDraw {
  int down = 0;
  int right = 0;
  bool mirrored = false;
};

// Uniform in [0, count) from 32 random bits; the bias is below count / 2^32.
ODIN_HOST_DEVICE constexpr int uniform_below(std::uint32_t bits, std::uint32_t count) {
  return static_cast<int>((std::uint64_t{bits} * count) >> 32);
}

// For image n of a batch: see Backend::augment.
ODIN_HOST_DEVICE constexpr AugmentationDraw draw_augmentation(int crop_padding, bool flip,
                                                              std::uint64_t seed,
                                                              std::uint64_t stream,
                                                              std::uint64_t n) {
  const auto shifts = static_cast<std::uint32_t>(2 * crop_padding + 1);
  return {uniform_below(philox_bits(seed, stream, 4 * n), shifts) - crop_padding,
          uniform_below(philox_bits(seed, stream, 4 * n + 1), shifts) - crop_padding,
          flip && philox_bits(seed, stream, 4 * n + 2) >> 31 != 0};
}

}  // namespace odin
