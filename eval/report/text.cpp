#include <iterator>
#include <string_view>

#include "eval/metrics/figures.h"
#include "eval/report/notes.h"
#include "eval/report/report.h"
#include "kernels/error.h"

namespace odin {
namespace {

std::string percent(std::optional<double> value) {
  return value ? fmt::format("{:.1f}%", *value * 100) : "n/a";
}

// A line above or below the table: a label and a value.
void append_line(std::string& text, std::string_view label, std::string_view value) {
  fmt::format_to(std::back_inserter(text), "{:31}{:>22}\n", label, value);
}

// A line of the table, with the column widths of the authors' code: the first is narrower.
template <class ValueOf>
void append_row(std::string& text, std::string_view label,
                const std::vector<DetectorResult>& detectors, const ValueOf& value_of) {
  fmt::format_to(std::back_inserter(text), "{:20}", label);
  int width = 14;
  for (const DetectorResult& detector : detectors) {
    fmt::format_to(std::back_inserter(text), "{:>{}}", value_of(detector), width);
    width = 19;
  }
  text += '\n';
}

}  // namespace

std::string to_text(const Report& report, std::optional<int> columns) {
  std::string text;
  for (const Evaluation& evaluation : report.evaluations) {
    if (!text.empty()) text += '\n';
    append_line(text, "Neural network architecture:", report.network);
    append_line(text, "In-distribution dataset:", report.in_set);
    append_line(text, "Out-of-distribution dataset:", evaluation.out_set);
    text += '\n';
    append_row(text, "", evaluation.detectors,
               [](const DetectorResult& result) { return result.detector->heading; });
    for (const MetricFigure& figure : metric_figures(report.positive)) {
      append_row(
          text, fmt::format("{}:", figure.label), evaluation.detectors,
          [&](const DetectorResult& detector) { return percent(figure.of(detector.metrics)); });
    }
  }
  if (report.accuracy) {
    text += '\n';
    append_line(text, "Classification accuracy:", percent(report.accuracy));
  }
  for (const Note& note : notes_of(report)) text += fmt::format("\n{}\n", note.in(columns));
  return text;
}

}  // namespace odin
