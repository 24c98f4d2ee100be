// The detectors of a run against each other: averages over the sets, ranks, cost.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "eval/report/report.h"

namespace odin {

// More detectors than this are the rows of a table, not its columns.
inline constexpr std::size_t kMostDetectorColumns = 4;
bool has_many_detectors(const Report& report);

struct ComparedDetector {
  std::size_t index = 0;  // among the detectors of each set
  const Detector* detector = nullptr;
  int rank = 0;     // from 1, by the AUROC of `average`; equal ones share a rank
  Metrics average;  // over the sets, each alike; those of the set where there is only one
  std::optional<double> milliseconds;  // likewise, for an image
};

// The best first, equal ones in the report's order. Nothing where no set was evaluated.
std::vector<ComparedDetector> compared_detectors(const Report& report);

// To a microsecond: "0.012"; less is "<0.001".
std::string milliseconds_text(double milliseconds);

}  // namespace odin
