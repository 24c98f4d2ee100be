// The number of images that each threshold accepts. Metrics and curves are computed from it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace odin {

// The number of images of each set that score at least `threshold`, one of the distinct scores.
struct ThresholdStep {
  double threshold = 0;
  std::uint64_t in = 0;
  std::uint64_t out = 0;
};

// The counts at each distinct score, from the highest down. The last step accepts every image.
// The scores must be valid (validate_scores() in eval/metrics/metrics.h).
std::vector<ThresholdStep> threshold_steps(std::span<const double> in, std::span<const double> out);

// The first step, which has the largest threshold, that accepts at least 95 % of the
// in-distribution images.
const ThresholdStep& step_at_tpr95(const std::vector<ThresholdStep>& steps);

}  // namespace odin
