// Shared by tests of the metrics.
#pragma once

#include <cmath>
#include <optional>
#include <vector>

#include <doctest/doctest.h>

#include "eval/metrics/metrics.h"

namespace odin::test {

using Scores = std::vector<double>;

// Sums of at most 100,000 fractions, each rounded at 1e-16, against other orders of summation.
inline constexpr double kTolerance = 1e-9;

inline void check_equal(std::optional<double> found, std::optional<double> expected) {
  REQUIRE(found.has_value() == expected.has_value());
  if (found) CHECK(std::abs(*found - *expected) <= kTolerance);
}

inline void check_equal(const Metrics& found, const Metrics& expected) {
  check_equal(found.fpr_at_tpr95, expected.fpr_at_tpr95);
  check_equal(found.detection_error, expected.detection_error);
  check_equal(found.auroc, expected.auroc);
  check_equal(found.aupr_in, expected.aupr_in);
  check_equal(found.aupr_out, expected.aupr_out);
}

}  // namespace odin::test
