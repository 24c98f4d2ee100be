#include <string_view>

#include "eval/metrics/figures.h"
#include "eval/report/report.h"
#include "kernels/error.h"

namespace odin {
namespace {

// In quotes if it has a comma, a quote or a line break.
std::string field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

// The first fields of the lines of one set.
std::string set_fields(const Report& report, std::string_view out_set) {
  return fmt::format("{},{},{},", field(report.network), field(report.in_set), field(out_set));
}

std::string figures_of(const Metrics& metrics) {
  std::string text;
  for (const MetricFigure& figure : kMetricFigures) {
    const std::optional<double> value = figure.of(metrics);
    text += value ? fmt::format(",{}", *value) : ",";
  }
  return text + '\n';
}

std::string source_of(const PublishedFigures& figures) {
  return field(fmt::format("{} ({})", figures.another_network ? "another network" : "paper",
                           figures.edition));
}

}  // namespace

std::string to_csv(const Report& report) {
  std::string text =
      "network,in_set,out_set,in_images,out_images,detector,source,temperature,magnitude";
  for (const MetricFigure& figure : kMetricFigures) text += fmt::format(",{}", figure.key);
  text += '\n';
  for (const Evaluation& evaluation : report.evaluations) {
    const std::string set = set_fields(report, evaluation.out_set);
    for (const DetectorResult& result : evaluation.detectors) {
      const std::string_view name = result.detector->name;
      text += fmt::format("{}{},{},{},ours,{},{}", set, report.in_images, evaluation.out_images,
                          name, result.temperature, result.magnitude);
      text += figures_of(result.metrics);
      if (!result.published) continue;
      const bool perturbed = result.detector->uses_odin_parameters;
      text += fmt::format("{},,{},{},{},{}", set, name, source_of(*result.published),
                          perturbed ? result.published->parameters.temperature : 1,
                          perturbed ? result.published->parameters.magnitude : 0);
      text += figures_of(result.published->metrics);
    }
  }
  for (const MissingSet& missing : report.missing) {
    text += fmt::format("{},,,missing,,,,,,,\n", set_fields(report, missing.name));
  }
  for (const FailedSet& set : report.failed) {
    text += fmt::format("{},,,failed,,,,,,,\n", set_fields(report, set.name));
  }
  for (const std::string& note : report.notes) {
    text += fmt::format("{},,,note,,,,,,,\n", set_fields(report, note));
  }
  return text;
}

}  // namespace odin
