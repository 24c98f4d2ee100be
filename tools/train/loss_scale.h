// Half precision's remedy against gradients too small for it.
#pragma once

#include <cstdint>

namespace odin::training {

// What the loss is multiplied by before a backward pass in fp16, and the gradients are divided by
// before they are used, in float (Micikevicius et al. 2018, "Mixed precision training", section 3.2).
// As large as possible: doubled after 2,000 steps, halved where a gradient overflowed; that step is
// left out. These numbers, and the first scale, are those of PyTorch's GradScaler. All scales are
// powers of two, so that scaling rounds nothing.
struct LossScale {
  static constexpr double kFirst = 65536;
  static constexpr double kMost = 0x1p+40;  // far from float's overflow
  static constexpr std::int64_t kInterval = 2000;

  double value = kFirst;
  std::int64_t steps = 0;  // since it was changed

  // After a step whose gradients were all finite, or were not.
  void update(bool finite) {
    if (!finite) {
      *this = {value / 2, 0};
    } else if (++steps >= kInterval) {
      *this = {value < kMost ? value * 2 : value, 0};
    }
  }
};

}  // namespace odin::training
