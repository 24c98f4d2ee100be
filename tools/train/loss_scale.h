// Keeps gradients from becoming too small for half precision.
#pragma once

#include <cstdint>

namespace odin::training {

// The loss is multiplied by this before a backward pass in fp16. The gradients are divided by it,
// in float, before they are used (Micikevicius et al. 2018, "Mixed precision training",
// section 3.2). The scale is as large as possible: it doubles after 2,000 steps, and halves after a
// gradient overflowed, which also skips that step. These numbers, and the first scale, are those of
// PyTorch's GradScaler. All scales are powers of two, so scaling does not round.
struct LossScale {
  static constexpr double kFirst = 65536;
  static constexpr double kMost = 0x1p+40;  // far from float's overflow
  static constexpr std::int64_t kInterval = 2000;

  double value = kFirst;
  std::int64_t steps = 0;  // since its last change

  // Call after each step, with whether all its gradients were finite.
  void update(bool finite) {
    if (!finite) {
      *this = {value / 2, 0};
    } else if (++steps >= kInterval) {
      *this = {value < kMost ? value * 2 : value, 0};
    }
  }
};

}  // namespace odin::training
