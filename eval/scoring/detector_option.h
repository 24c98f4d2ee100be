// A number in a detector's formula that a user may change: react:percentile=80.
#pragma once

#include <span>
#include <string_view>

namespace odin {

struct DetectorOption {
  std::string_view name;
  double value;  // by default: the paper's
  double least;  // both are allowed
  double most;
  bool whole = false;              // whether it is a whole number
  std::span<const double> grid{};  // that a search tries, without the default value
};

}  // namespace odin
