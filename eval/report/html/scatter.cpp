// Two scores of each image against each other.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <fmt/format.h>

#include "eval/metrics/roc_curve.h"
#include "eval/metrics/score_histogram.h"
#include "eval/report/columns.h"
#include "eval/report/html/chart_frame.h"
#include "eval/report/html/charts.h"
#include "eval/report/html/svg.h"
#include "kernels/error.h"

namespace odin {
namespace {

constexpr int kLabel = 30;  // columns of a name that fit along an axis

// Scores of one detector as an axis: as much as a histogram shows, and the threshold.
struct Axis {
  double begin;
  double end;
  double threshold;
};

Axis axis_of(const HtmlDetector& detector) {
  const ScoreHistogram histogram = score_histogram(detector.in, detector.out, 1);
  const RocCurve curve = roc_curve(detector.in, detector.out, 4);
  return {histogram.begin, histogram.end, curve.threshold};
}

// Of `points` of the images or, where there are fewer, of all: evenly spaced in their order.
std::vector<SvgPoint> sampled(const ChartFrame& frame, std::span<const double> x,
                              std::span<const double> y) {
  std::vector<SvgPoint> points;
  const std::size_t count = std::min(x.size(), kScatterPoints);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t image = i * x.size() / count;
    points.push_back({frame.x(x[image]), frame.y(y[image])});
  }
  return points;
}

std::string label_of(const HtmlDetector& detector) {
  return fmt::format("score by {}", cut_to_columns(detector.name, kLabel));
}

}  // namespace

AcceptedByTwo accepted_by_two(const HtmlDetector& x, const HtmlDetector& y) {
  require(x.out.size() == y.out.size(), "{} scores of {} do not fit {} of {}", x.out.size(), x.name,
          y.out.size(), y.name);
  const double x_threshold = axis_of(x).threshold;
  const double y_threshold = axis_of(y).threshold;
  AcceptedByTwo accepted;
  const double share = 1 / static_cast<double>(x.out.size());
  for (std::size_t i = 0; i < x.out.size(); ++i) {
    const bool by_x = x.out[i] >= x_threshold;
    const bool by_y = y.out[i] >= y_threshold;
    if (by_x && by_y) accepted.both += share;
    if (by_x && !by_y) accepted.only_x += share;
    if (!by_x && by_y) accepted.only_y += share;
  }
  return accepted;
}

std::string scatter_chart(const HtmlDetector& x, const HtmlDetector& y, std::string_view in_set,
                          std::string_view out_set, std::string_view id) {
  require(x.in.size() == y.in.size() && x.out.size() == y.out.size(),
          "{} and {} have not scored the same images", x.name, y.name);
  const Axis x_axis = axis_of(x);
  const Axis y_axis = axis_of(y);
  ChartFrame frame;
  frame.height = 300;
  frame.bottom = 258;
  frame.left = 80;
  frame.x_begin = x_axis.begin;
  frame.x_end = x_axis.end;
  frame.y_begin = y_axis.begin;
  frame.y_end = y_axis.end;
  SvgPicture picture(
      frame.width, frame.height, id,
      fmt::format("Scores by {} and by {}: {} and {}", x.name, y.name, in_set, out_set),
      fmt::format("The thresholds {:.6g} and {:.6g} accept 95 % of the in-distribution images.",
                  x_axis.threshold, y_axis.threshold));
  draw_axes(picture, frame, score_ticks(frame.x_begin, frame.x_end),
            score_ticks(frame.y_begin, frame.y_end), label_of(x), label_of(y));
  picture.crosses(sampled(frame, x.out, y.out), "crosses-out");
  picture.dots(sampled(frame, x.in, y.in), "dots-in");
  const double threshold_x = frame.x(x_axis.threshold);
  const double threshold_y = frame.y(y_axis.threshold);
  picture.line({threshold_x, frame.top}, {threshold_x, frame.bottom}, "threshold");
  picture.line({frame.left, threshold_y}, {frame.right, threshold_y}, "threshold");
  return picture.to_string();
}

}  // namespace odin
