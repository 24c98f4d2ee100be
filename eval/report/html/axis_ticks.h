// Round numbers along an axis.
#pragma once

#include <string>
#include <vector>

namespace odin {

struct AxisTick {
  double value = 0;
  std::string label;  // with enough digits to differ from its neighbours
};

// Multiples of 1, 2 or 5 times a power of ten in [begin, end]: as many as possible, but at most
// `intervals` + 1. Throws Error unless begin < end, both are finite, and intervals is at least 1.
std::vector<AxisTick> axis_ticks(double begin, double end, int intervals);

}  // namespace odin
