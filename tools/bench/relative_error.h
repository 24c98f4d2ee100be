// How far results are from what was expected.
#pragma once

#include <cmath>

namespace odin::bench {

// The relative error of all values that were added, in the Euclidean norm.
class RelativeError {
 public:
  void add(double value, double expected) {
    difference_ += (value - expected) * (value - expected);
    norm_ += expected * expected;
  }
  double value() const { return std::sqrt(difference_ / norm_); }

 private:
  double difference_ = 0;
  double norm_ = 0;
};

}  // namespace odin::bench
