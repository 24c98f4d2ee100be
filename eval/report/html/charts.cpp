#include "eval/report/html/charts.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include <fmt/format.h>

#include "eval/metrics/roc_curve.h"
#include "eval/metrics/score_histogram.h"
#include "eval/report/html/chart_frame.h"
#include "eval/report/html/svg.h"

namespace odin {
namespace {

using Anchor = SvgPicture::Anchor;

constexpr std::size_t kCurvePoints = 600;  // at most a pixel apart on a chart of this size
constexpr std::size_t kBins = 60;
constexpr std::size_t kColours = 8;
constexpr std::size_t kDashes = 4;

std::string percent(double fraction) {
  return fmt::format("{:.1f} %", fraction * 100);
}

// In percent, from 0.
std::vector<AxisTick> share_ticks(double end) {
  std::vector<AxisTick> ticks = axis_ticks(0, end * 100, 5);
  for (AxisTick& tick : ticks) tick.value /= 100;
  return ticks;
}

// The outline of a histogram's bars, down to the axis at both ends.
std::vector<SvgPoint> outline(const ChartFrame& frame, const std::vector<double>& shares) {
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

}  // namespace

std::string detector_style(std::size_t index) {
  const std::size_t round = index / kColours % kDashes;
  const std::string colour = fmt::format("d{}", index % kColours);
  return round == 0 ? colour : fmt::format("{} p{}", colour, round);
}

std::string roc_chart(const HtmlSet& set, std::span<const DetectorCurve> shown,
                      std::string_view in_set, std::string_view id) {
  std::vector<RocCurve> curves;
  std::string description = "FPR where TPR is 95 %: ";
  for (const DetectorCurve& one : shown) {
    const HtmlDetector& detector = set.detectors.at(one.detector);
    curves.push_back(roc_curve(detector.in, detector.out, kCurvePoints));
    description += fmt::format("{}{} {}", curves.size() == 1 ? "" : ", ", detector.name,
                               percent(curves.back().at_tpr95.fpr));
  }
  const ChartFrame frame;
  SvgPicture picture(frame.width, frame.height, id,
                     fmt::format("ROC curves: {} against {}", in_set, set.name), description);
  const std::vector<AxisTick> ticks = share_ticks(1);
  draw_axes(picture, frame, ticks, ticks, "FPR: out-of-distribution accepted, %",
            "TPR: in-distr. accepted, %");
  picture.line({frame.x(0), frame.y(0)}, {frame.x(1), frame.y(1)}, "chance");
  picture.line({frame.x(0), frame.y(0.95)}, {frame.x(1), frame.y(0.95)}, "level");
  for (std::size_t i = 0; i < curves.size(); ++i) {
    std::vector<SvgPoint> points;
    for (const RocPoint& point : curves[i].points) {
      points.push_back({frame.x(point.fpr), frame.y(point.tpr)});
    }
    picture.polyline(points, "curve " + shown[i].style);
  }
  for (std::size_t i = 0; i < curves.size(); ++i) {
    const RocPoint& point = curves[i].at_tpr95;
    picture.circle({frame.x(point.fpr), frame.y(point.tpr)}, 4, "dot " + shown[i].style);
  }
  return picture.to_string();
}

std::string histogram_chart(const HtmlDetector& detector, std::string_view in_set,
                            std::string_view out_set, std::string_view id) {
  const ScoreHistogram histogram = score_histogram(detector.in, detector.out, kBins);
  const RocCurve curve = roc_curve(detector.in, detector.out, kCurvePoints);
  ChartFrame frame;
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
  draw_axes(picture, frame, score_ticks(histogram.begin, histogram.end), share_ticks(frame.y_end),
            "score", "share of the set's images, %");
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
