#include "eval/report/averages.h"

namespace odin {
namespace {

// The mean of one value of the detector with this index.
template <class ValueOf>
auto mean(const Report& report, std::size_t detector, const ValueOf& value_of) {
  std::optional<double> sum = 0;
  for (const Evaluation& evaluation : report.evaluations) {
    const std::optional<double> value = value_of(evaluation.detectors[detector]);
    sum = sum && value ? std::optional(*sum + *value) : std::nullopt;
  }
  return sum ? std::optional(*sum / static_cast<double>(report.evaluations.size())) : std::nullopt;
}

}  // namespace

std::optional<Evaluation> average_of(const Report& report) {
  if (report.evaluations.size() < 2) return {};
  Evaluation average;
  average.out_set = "Average";
  for (std::size_t i = 0; i < report.evaluations.front().detectors.size(); ++i) {
    DetectorResult& result = average.detectors.emplace_back();
    result.detector = report.evaluations.front().detectors[i].detector;
    const auto of = [&](auto Metrics::*figure) {
      return mean(report, i, [&](const DetectorResult& of_set) {
        return std::optional<double>(of_set.metrics.*figure);
      });
    };
    result.metrics = {of(&Metrics::fpr_at_tpr95), *of(&Metrics::detection_error),
                      *of(&Metrics::auroc), of(&Metrics::aupr_in), of(&Metrics::aupr_out)};
    result.milliseconds =
        mean(report, i, [](const DetectorResult& of_set) { return of_set.milliseconds; });
  }
  return average;
}

}  // namespace odin
