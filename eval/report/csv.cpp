#include <array>
#include <string_view>

#include "eval/metrics/figures.h"
#include "eval/report/csv_field.h"
#include "eval/report/report.h"
#include "kernels/error.h"

namespace odin {
namespace {

// The first fields of the lines of one set.
std::string set_fields(const Report& report, std::string_view out_set) {
  return fmt::format("{},{},{},", csv_field(report.network), csv_field(report.in_set),
                     csv_field(out_set));
}

constexpr std::array<std::size_t, 2> kWithIntervals{0, 2};  // FPR, AUROC

// The fields from the figures to the end of the line.
std::string figures_of(const Metrics& metrics, const MetricIntervals& intervals) {
  std::string text;
  for (const MetricFigure& figure : kMetricFigures) {
    const std::optional<double> value = figure.of(metrics);
    text += value ? fmt::format(",{}", *value) : ",";
  }
  for (const auto& interval : {intervals.fpr_at_tpr95, intervals.auroc}) {
    text += interval ? fmt::format(",{},{}", interval->low, interval->high) : ",,";
  }
  return text + '\n';
}

// A line without figures.
std::string line_on(const Report& report, std::string_view subject, std::string_view source) {
  const std::size_t empty =
      2 + kMetricFigures.size() + 4;  // temperature, magnitude, figures, intervals
  return fmt::format("{},,,{}{}\n", set_fields(report, subject), source, std::string(empty, ','));
}

std::string source_of(const PublishedFigures& figures) {
  return csv_field(fmt::format("{} ({})", figures.another_network ? "another network" : "paper",
                               figures.edition));
}

}  // namespace

std::string to_csv(const Report& report) {
  std::string text =
      "network,in_set,out_set,in_images,out_images,detector,source,temperature,magnitude";
  const MetricFigures& figures = metric_figures(report.positive);
  for (const MetricFigure& figure : figures) text += fmt::format(",{}", figure.key);
  for (const std::size_t i : kWithIntervals) {
    text += fmt::format(",{0}_low,{0}_high", figures[i].key);
  }
  text += '\n';
  for (const Evaluation& evaluation : report.evaluations) {
    const std::string set = set_fields(report, evaluation.out_set);
    for (const DetectorResult& result : evaluation.detectors) {
      const std::string_view name = result.detector->name;
      text += fmt::format("{}{},{},{},ours,{},{}", set, report.in_images, evaluation.out_images,
                          name, result.temperature, result.magnitude);
      text += figures_of(result.metrics, result.intervals);
      if (!result.published) continue;
      const bool perturbed = result.detector->uses_odin_parameters;
      text += fmt::format("{},,{},{},{},{}", set, name, source_of(*result.published),
                          perturbed ? result.published->parameters.temperature : 1,
                          perturbed ? result.published->parameters.magnitude : 0);
      text += figures_of(result.published->metrics, {});
    }
  }
  for (const MissingSet& missing : report.missing) {
    text += line_on(report, missing.name, "missing");
  }
  for (const FailedSet& set : report.failed) {
    text += line_on(report, set.name, "failed");
  }
  for (const std::string& note : report.notes) {
    text += line_on(report, note, "note");
  }
  return text;
}

}  // namespace odin
