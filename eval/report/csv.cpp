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

// Whether lines have a field for the cost.
bool has_cost(const Report& report) {
  for (const Evaluation& evaluation : report.evaluations) {
    for (const DetectorResult& result : evaluation.detectors) {
      if (result.milliseconds) return true;
    }
  }
  return false;
}

// The fields of the figures.
std::string figures_of(const Metrics& metrics, const MetricIntervals& intervals) {
  std::string text;
  for (const MetricFigure& figure : kMetricFigures) {
    const std::optional<double> value = figure.of(metrics);
    text += value ? fmt::format(",{}", *value) : ",";
  }
  for (const auto& interval : {intervals.fpr_at_tpr95, intervals.auroc}) {
    text += interval ? fmt::format(",{},{}", interval->low, interval->high) : ",,";
  }
  return text;
}

// The end of a line.
std::string cost_field(const Report& report, std::optional<double> milliseconds) {
  if (!has_cost(report)) return "\n";
  return milliseconds ? fmt::format(",{}\n", *milliseconds) : ",\n";
}

// A line without figures.
std::string line_on(const Report& report, std::string_view subject, std::string_view source) {
  const std::size_t empty =
      2 + kMetricFigures.size() + 4;  // temperature, magnitude, figures, intervals
  return fmt::format("{},,,{}{}{}", set_fields(report, subject), source, std::string(empty, ','),
                     cost_field(report, {}));
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
  text += has_cost(report) ? ",milliseconds\n" : "\n";
  for (const Evaluation& evaluation : report.evaluations) {
    const std::string set = set_fields(report, evaluation.out_set);
    for (const DetectorResult& result : evaluation.detectors) {
      const std::string_view name = result.detector->name;
      text += fmt::format("{}{},{},{},ours,{},{}", set, report.in_images, evaluation.out_images,
                          name, result.temperature, result.magnitude);
      text += figures_of(result.metrics, result.intervals);
      text += cost_field(report, result.milliseconds);
      if (!result.published) continue;
      const bool perturbed = result.detector->uses_odin_parameters;
      text += fmt::format("{},,{},{},{},{}", set, name, source_of(*result.published),
                          perturbed ? result.published->parameters.temperature : 1,
                          perturbed ? result.published->parameters.magnitude : 0);
      text += figures_of(result.published->metrics, {}) + cost_field(report, {});
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
