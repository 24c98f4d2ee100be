#include "eval/report/averages.h"

namespace odin {
namespace {

// The mean of one figure of the detector with this index.
template <class FigureOf>
auto mean(const Report& report, std::size_t detector, const FigureOf& figure_of) {
  std::optional<double> sum = 0;
  for (const Evaluation& evaluation : report.evaluations) {
    const std::optional<double> value = figure_of(evaluation.detectors[detector].metrics);
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
      return mean(report, i, [&](const Metrics& m) { return std::optional<double>(m.*figure); });
    };
    result.metrics = {of(&Metrics::fpr_at_tpr95), *of(&Metrics::detection_error),
                      *of(&Metrics::auroc), of(&Metrics::aupr_in), of(&Metrics::aupr_out)};
  }
  return average;
}

}  // namespace odin
