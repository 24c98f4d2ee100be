// What thresholds on a score accept: what metrics and curves are computed from.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace odin {

// How many images of each set score at least `threshold`, one of the distinct scores.
struct ThresholdStep {
  double threshold = 0;
  std::uint64_t in = 0;
  std::uint64_t out = 0;
};

// The counts at each distinct score, from the highest down: at the last, every image is accepted.
// The scores must be valid (validate_scores() in eval/metrics/metrics.h).
std::vector<ThresholdStep> threshold_steps(std::span<const double> in, std::span<const double> out);

// The first of the steps, and so that of the largest threshold, to accept at least 95 % of the
// in-distribution images.
const ThresholdStep& step_at_tpr95(const std::vector<ThresholdStep>& steps);

}  // namespace odin
