// The curve of TPR over FPR, for drawing.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace odin {

// Fractions in 0..1 of the out- and in-distribution images that a threshold accepts.
struct RocPoint {
  double fpr = 0;
  double tpr = 0;
  bool operator==(const RocPoint&) const = default;
};

struct RocCurve {
  // From (0, 0) to (1, 1), both coordinates never falling; images of equal score make a slope.
  std::vector<RocPoint> points;
  // Where the metrics' FPR at TPR 95 % is read, and the threshold there.
  RocPoint at_tpr95;
  double threshold = 0;
};

// The curve of eval/metrics/metrics.h's exact metrics, thinned to `max_points` (at least 4): points are left
// out, none is moved, and none that is left out lies further than kRocThinning / max_points from the
// curve that is left. Throws Error as exact_metrics() does.
RocCurve roc_curve(std::span<const double> in, std::span<const double> out, std::size_t max_points);
inline constexpr double kRocThinning = 3;

// A part of thinning, for curves of any origin that never fall.
std::vector<RocPoint> thin(std::span<const RocPoint> points, std::size_t max_points);

}  // namespace odin
