// The figures that papers report for published networks, to show next to our own.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "eval/metrics/metrics.h"
#include "eval/published/benchmark_definition.h"
#include "eval/scoring/detector.h"

namespace odin {

struct PublishedFigures {
  std::string edition;  // "v5", as the benchmark calls it
  std::string source;   // in one line
  // They are of another network than the released one: not to be compared with ours.
  bool another_network = false;
  OdinParameters parameters;  // of ODIN in that edition
  // A figure that was not published has no value; the detection error and the AUROC are NaN then.
  Metrics metrics;
};

// The figures for a network ("densenet10") and a set of the benchmark. They are from the edition
// with the given magnitude, if any, else from the first one that has the pair; figures of another
// network come last. Empty if there are none.
std::optional<PublishedFigures> published_figures(const BenchmarkDefinition& benchmark,
                                                  std::string_view network, const std::string& set,
                                                  const Detector& detector, double magnitude);

}  // namespace odin
