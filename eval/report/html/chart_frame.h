// The area of a chart's data, with its axes.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "eval/report/html/axis_ticks.h"
#include "eval/report/html/svg.h"

namespace odin {

// Inside a picture with room for labels.
struct ChartFrame {
  double width = 360;
  double height = 250;
  double left = 46;
  double right = 346;
  double top = 10;
  double bottom = 208;
  double x_begin = 0;
  double x_end = 1;
  double y_begin = 0;
  double y_end = 1;

  // Values beyond an end are drawn at it.
  double x(double value) const { return left + share(value, x_begin, x_end) * (right - left); }
  double y(double value) const { return bottom - share(value, y_begin, y_end) * (bottom - top); }

 private:
  static double share(double value, double begin, double end) {
    // Halved, because the difference of two doubles may overflow.
    return std::clamp((value / 2 - begin / 2) / (end / 2 - begin / 2), 0.0, 1.0);
  }
};

// Fewer where their labels are long.
std::vector<AxisTick> score_ticks(double begin, double end);

void draw_axes(SvgPicture& picture, const ChartFrame& frame, const std::vector<AxisTick>& x_ticks,
               const std::vector<AxisTick>& y_ticks, std::string_view x_label,
               std::string_view y_label);

}  // namespace odin
