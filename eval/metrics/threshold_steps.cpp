#include "eval/metrics/threshold_steps.h"

#include <algorithm>
#include <cstddef>
#include <functional>

namespace odin {

std::vector<ThresholdStep> threshold_steps(std::span<const double> in,
                                           std::span<const double> out) {
  std::vector<double> positives(in.begin(), in.end());
  std::vector<double> negatives(out.begin(), out.end());
  std::sort(positives.begin(), positives.end(), std::greater<>());
  std::sort(negatives.begin(), negatives.end(), std::greater<>());
  std::vector<ThresholdStep> steps;
  std::size_t p = 0;
  std::size_t n = 0;
  while (p < positives.size() || n < negatives.size()) {
    const double threshold = n == negatives.size()   ? positives[p]
                             : p == positives.size() ? negatives[n]
                                                     : std::max(positives[p], negatives[n]);
    while (p < positives.size() && positives[p] == threshold) ++p;
    while (n < negatives.size() && negatives[n] == threshold) ++n;
    steps.push_back({threshold, p, n});
  }
  return steps;
}

const ThresholdStep& step_at_tpr95(const std::vector<ThresholdStep>& steps) {
  // In whole numbers, because no double is exactly 0.95.
  const auto reaches_95 = [&](const ThresholdStep& step) {
    return 20 * step.in >= 19 * steps.back().in;
  };
  return *std::find_if(steps.begin(), steps.end(), reaches_95);
}

}  // namespace odin
