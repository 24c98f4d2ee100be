#include "eval/report/html/charts.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include <fmt/format.h>

#include "eval/metrics/roc_curve.h"
#include "eval/metrics/score_histogram.h"
#include "eval/report/html/axis_ticks.h"
#include "eval/report/html/svg.h"

namespace odin {
namespace {

using Anchor = SvgPicture::Anchor;

constexpr std::size_t kCurvePoints = 600;  // at most a pixel apart on a chart of this size
constexpr std::size_t kBins = 60;
constexpr std::size_t kDetectorStyles = 4;

// The area of a chart's data, inside a picture with room for labels.
struct Frame {
  double width = 360;
  double height = 250;
  double left = 46;
  double right = 346;
  double top = 10;
  double bottom = 208;
  double x_begin = 0;
  double x_end = 1;
  double y_end = 1;  // y begins at 0

  double x(double value) const {
    // Halved, because the difference of two doubles may overflow.
    const double share = (value / 2 - x_begin / 2) / (x_end / 2 - x_begin / 2);
    return left + std::clamp(share, 0.0, 1.0) * (right - left);
  }
  double y(double value) const { return bottom - value / y_end * (bottom - top); }
};

std::string percent(double fraction) {
  return fmt::format("{:.1f} %", fraction * 100);
}

void draw_axes(SvgPicture& picture, const Frame& frame, const std::vector<AxisTick>& x_ticks,
               std::string_view x_label, std::string_view y_label) {
  for (const AxisTick& tick : axis_ticks(0, frame.y_end * 100, 5)) {
    const double y = frame.y(tick.value / 100);
    picture.line({frame.left, y}, {frame.right, y}, "grid");
    picture.text({frame.left - 5, y + 3.5}, Anchor::kEnd, tick.label, "tick");
  }
  for (const AxisTick& tick : x_ticks) {
    const double x = frame.x(tick.value);
    picture.line({x, frame.bottom}, {x, frame.bottom + 4}, "axis");
    picture.text({x, frame.bottom + 16}, Anchor::kMiddle, tick.label, "tick");
  }
  picture.line({frame.left, frame.bottom}, {frame.right, frame.bottom}, "axis");
  const double middle = (frame.left + frame.right) / 2;
  picture.text({middle, frame.height - 6}, Anchor::kMiddle, x_label, "label");
  picture.upward_text({12, (frame.top + frame.bottom) / 2}, y_label, "label");
}

// The outline of a histogram's bars, down to the axis at both ends.
std::vector<SvgPoint> outline(const Frame& frame, const std::vector<double>& shares) {
  std::vector<SvgPoint> points{{frame.left, frame.bottom}};
  const double bar = (frame.right - frame.left) / static_cast<double>(shares.size());
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const double x = frame.left + static_cast<double>(i) * bar;
    points.push_back({x, frame.y(shares[i])});
    points.push_back({x + bar, frame.y(shares[i])});
  }
  points.push_back({frame.right, frame.bottom});
  return points;
}

std::vector<AxisTick> score_ticks(const ScoreHistogram& histogram) {
  std::vector<AxisTick> ticks = axis_ticks(histogram.begin, histogram.end, 5);
  const bool long_labels = std::any_of(ticks.begin(), ticks.end(),
                                       [](const AxisTick& tick) { return tick.label.size() > 8; });
  return long_labels ? axis_ticks(histogram.begin, histogram.end, 2) : ticks;
}

}  // namespace

std::string detector_style(std::size_t index) {
  return fmt::format("d{}", index % kDetectorStyles);
}

std::string roc_chart(const HtmlSet& set, std::string_view in_set, std::string_view id) {
  std::vector<RocCurve> curves;
  std::string description = "FPR where TPR is 95 %: ";
  for (const HtmlDetector& detector : set.detectors) {
    curves.push_back(roc_curve(detector.in, detector.out, kCurvePoints));
    description += fmt::format("{}{} {}", curves.size() == 1 ? "" : ", ", detector.name,
                               percent(curves.back().at_tpr95.fpr));
  }
  const Frame frame;
  SvgPicture picture(frame.width, frame.height, id,
                     fmt::format("ROC curves: {} against {}", in_set, set.name), description);
  std::vector<AxisTick> ticks = axis_ticks(0, 100, 5);
  for (AxisTick& tick : ticks) tick.value /= 100;
  draw_axes(picture, frame, ticks, "FPR: out-of-distribution accepted, %",
            "TPR: in-distr. accepted, %");
  picture.line({frame.x(0), frame.y(0)}, {frame.x(1), frame.y(1)}, "chance");
  picture.line({frame.x(0), frame.y(0.95)}, {frame.x(1), frame.y(0.95)}, "level");
  for (std::size_t i = 0; i < curves.size(); ++i) {
    std::vector<SvgPoint> points;
    for (const RocPoint& point : curves[i].points) {
      points.push_back({frame.x(point.fpr), frame.y(point.tpr)});
    }
    picture.polyline(points, "curve " + detector_style(i));
  }
  for (std::size_t i = 0; i < curves.size(); ++i) {
    const RocPoint& point = curves[i].at_tpr95;
    picture.circle({frame.x(point.fpr), frame.y(point.tpr)}, 4, "dot " + detector_style(i));
  }
  return picture.to_string();
}

std::string histogram_chart(const HtmlDetector& detector, std::string_view in_set,
                            std::string_view out_set, std::string_view id) {
  const ScoreHistogram histogram = score_histogram(detector.in, detector.out, kBins);
  const RocCurve curve = roc_curve(detector.in, detector.out, kCurvePoints);
  Frame frame;
  frame.x_begin = histogram.begin;
  frame.x_end = histogram.end;
  // Room above the highest bar for the threshold's note.
  frame.y_end = 1.15 * std::max(*std::max_element(histogram.in.begin(), histogram.in.end()),
                                *std::max_element(histogram.out.begin(), histogram.out.end()));
  SvgPicture picture(
      frame.width, frame.height, id,
      fmt::format("Scores by {}: {} and {}", detector.name, in_set, out_set),
      fmt::format("The threshold {:.6g} accepts {} of the in-distribution and {} of the "
                  "out-of-distribution images.",
                  curve.threshold, percent(curve.at_tpr95.tpr), percent(curve.at_tpr95.fpr)));
  draw_axes(picture, frame, score_ticks(histogram), "score", "share of the set's images, %");
  picture.polygon(outline(frame, histogram.in), "bars-in");
  picture.polygon(outline(frame, histogram.out), "bars-out");
  const double x = frame.x(curve.threshold);
  const bool on_the_left = x < (frame.left + frame.right) / 2;
  picture.line({x, frame.top}, {x, frame.bottom}, "threshold");
  picture.text({x + (on_the_left ? 5 : -5), frame.top + 9},
               on_the_left ? Anchor::kStart : Anchor::kEnd,
               fmt::format("{} of out accepted", percent(curve.at_tpr95.fpr)), "note");
  return picture.to_string();
}

}  // namespace odin
