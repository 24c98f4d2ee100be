#include "eval/metrics/roc_curve.h"

#include "eval/metrics/metrics.h"
#include "eval/metrics/threshold_steps.h"
#include "kernels/error.h"

namespace odin {
namespace {

double advance(const RocPoint& from, const RocPoint& to) {
  return (to.fpr - from.fpr) + (to.tpr - from.tpr);
}

}  // namespace

std::vector<RocPoint> thin(std::span<const RocPoint> points, std::size_t max_points) {
  require(max_points >= 4, "a curve cannot be thinned to {} points: at least 4 are needed",
          max_points);
  if (points.size() <= max_points) return {points.begin(), points.end()};
  // Points are removed while both coordinates together advance by no more than `stride`. They are
  // in a box of that half perimeter, so at most stride / sqrt(8) from its diagonal. Any two
  // consecutive lines advance by more than that, and the whole curve advances by 2: this bounds
  // their number.
  const double stride = 4.0 / static_cast<double>(max_points - 2);
  std::vector<RocPoint> kept{points.front()};
  for (std::size_t i = 1; i + 1 < points.size(); ++i) {
    if (advance(kept.back(), points[i + 1]) > stride) kept.push_back(points[i]);
  }
  kept.push_back(points.back());
  return kept;
}

RocCurve roc_curve(std::span<const double> in, std::span<const double> out,
                   std::size_t max_points) {
  validate_scores(in, out);
  const std::vector<ThresholdStep> steps = threshold_steps(in, out);
  const auto point_of = [&](const ThresholdStep& step) {
    return RocPoint{static_cast<double>(step.out) / static_cast<double>(out.size()),
                    static_cast<double>(step.in) / static_cast<double>(in.size())};
  };
  std::vector<RocPoint> points{{0, 0}};
  for (const ThresholdStep& step : steps) points.push_back(point_of(step));
  const ThresholdStep& at_tpr95 = step_at_tpr95(steps);
  return {thin(points, max_points), point_of(at_tpr95), at_tpr95.threshold};
}

}  // namespace odin
