#include "eval/report/html/axis_ticks.h"

#include <algorithm>
#include <cmath>

#include "kernels/error.h"

namespace odin {
namespace {

std::string label_of(double value, double step) {
  if (value == 0) return "0";
  const int decimals = static_cast<int>(-std::floor(std::log10(step) + 1e-9));
  const double size = std::abs(value);
  if (size >= 1e6 || size < 1e-4) {
    // All digits from the value's first to the step's.
    const int digits = static_cast<int>(std::floor(std::log10(size))) + decimals;
    return fmt::format("{:.{}e}", value, std::clamp(digits, 0, 16));
  }
  return fmt::format("{:.{}f}", value, std::max(decimals, 0));
}

}  // namespace

std::vector<AxisTick> axis_ticks(double begin, double end, int intervals) {
  require(std::isfinite(begin) && std::isfinite(end) && begin < end && intervals >= 1,
          "an axis from {} to {} cannot have {} intervals", begin, end, intervals);
  const double least = end / intervals - begin / intervals;
  const double power = std::pow(10, std::floor(std::log10(least)));
  double step = 10 * power;
  for (const double factor : {1, 2, 5}) {
    if (factor * power >= least * (1 - 1e-9)) {
      step = factor * power;
      break;
    }
  }
  std::vector<AxisTick> ticks;
  const double slack = 1e-9 * (end / step - begin / step);
  const double first = std::ceil(begin / step - slack);
  const double last = std::floor(end / step + slack);
  for (int i = 0; first + i <= last && i <= intervals; ++i) {
    const double value = (first + i) * step + 0.0;  // no negative zero
    ticks.push_back({value, label_of(value, step)});
  }
  return ticks;
}

}  // namespace odin
