#include "eval/report/html/chart_frame.h"

namespace odin {

std::vector<AxisTick> score_ticks(double begin, double end) {
  std::vector<AxisTick> ticks = axis_ticks(begin, end, 5);
  const bool long_labels =
      std::ranges::any_of(ticks, [](const AxisTick& tick) { return tick.label.size() > 8; });
  return long_labels ? axis_ticks(begin, end, 2) : ticks;
}

void draw_axes(SvgPicture& picture, const ChartFrame& frame, const std::vector<AxisTick>& x_ticks,
               const std::vector<AxisTick>& y_ticks, std::string_view x_label,
               std::string_view y_label) {
  using Anchor = SvgPicture::Anchor;
  for (const AxisTick& tick : y_ticks) {
    const double y = frame.y(tick.value);
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

}  // namespace odin
