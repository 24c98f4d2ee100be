#include "eval/report/comparison.h"

#include <algorithm>

#include "eval/report/averages.h"
#include "kernels/error.h"

namespace odin {

bool has_many_detectors(const Report& report) {
  return !report.evaluations.empty() &&
         report.evaluations.front().detectors.size() > kMostDetectorColumns;
}

std::vector<ComparedDetector> compared_detectors(const Report& report) {
  if (report.evaluations.empty()) return {};
  const std::vector<DetectorResult> results =
      average_of(report).value_or(report.evaluations.front()).detectors;
  std::vector<ComparedDetector> compared;
  for (const DetectorResult& result : results) {
    compared.push_back({.index = compared.size(),
                        .detector = result.detector,
                        .average = result.metrics,
                        .milliseconds = result.milliseconds});
  }
  const auto auroc = [](const ComparedDetector& one) { return one.average.auroc; };
  std::ranges::stable_sort(compared, std::ranges::greater(), auroc);
  for (std::size_t i = 0; i < compared.size(); ++i) {
    const bool equal = i > 0 && auroc(compared[i]) == auroc(compared[i - 1]);
    compared[i].rank = equal ? compared[i - 1].rank : static_cast<int>(i) + 1;
  }
  return compared;
}

std::string milliseconds_text(double milliseconds) {
  return milliseconds < 0.001 ? "<0.001" : fmt::format("{:.3f}", milliseconds);
}

}  // namespace odin
