// The curve of TPR over FPR, for drawing.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace odin {

// The fractions of out- and in-distribution images that a threshold accepts, in 0..1.
struct RocPoint {
  double fpr = 0;
  double tpr = 0;
  bool operator==(const RocPoint&) const = default;
};

struct RocCurve {
  // From (0, 0) to (1, 1); neither coordinate ever falls. Images of equal score make a slope.
  std::vector<RocPoint> points;
  // The point of the FPR at TPR 95 %, and its threshold.
  RocPoint at_tpr95;
  double threshold = 0;
};

// The curve of eval/metrics/metrics.h's exact metrics, thinned to `max_points` (at least 4): points
// are removed, none is moved, and no removed point is further than kRocThinning / max_points from
// the remaining curve. Throws Error as exact_metrics() does.
RocCurve roc_curve(std::span<const double> in, std::span<const double> out, std::size_t max_points);
inline constexpr double kRocThinning = 3;

// The thinning alone, for any curve that never falls.
std::vector<RocPoint> thin(std::span<const RocPoint> points, std::size_t max_points);

}  // namespace odin
