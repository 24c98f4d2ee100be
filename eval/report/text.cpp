#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eval/metrics/figures.h"
#include "eval/report/notes.h"
#include "eval/report/report.h"
#include "eval/report/table_parts.h"
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

// A column of the table, right-aligned: a detector's figures, or those published.
struct Column {
  std::string heading;
  std::size_t width;  // with the spaces before it
  const Metrics* metrics;
};

// Widths are those of the authors' code, where the first column is narrower, or what a heading
// needs.
std::vector<Column> table_columns(const Evaluation& evaluation, PaperSources& sources) {
  std::vector<Column> columns;
  const auto add = [&](std::string heading, std::size_t width, const Metrics& metrics) {
    width = std::max(width, heading.size() + 2);
    columns.push_back({std::move(heading), width, &metrics});
  };
  for (const DetectorResult& result : evaluation.detectors) {
    add(std::string(result.detector->heading), columns.empty() ? 14 : 19, result.metrics);
    if (const PublishedFigures* paper = result.comparable()) {
      add(fmt::format("paper [{}]", sources.number_of(*result.detector, *paper)), 11,
          paper->metrics);
    }
  }
  return columns;
}

template <class CellOf>
void append_row(std::string& text, std::string_view label, const std::vector<Column>& columns,
                const CellOf& cell_of) {
  fmt::format_to(std::back_inserter(text), "{:20}", label);
  for (const Column& column : columns) {
    fmt::format_to(std::back_inserter(text), "{:>{}}", cell_of(column), column.width);
  }
  text += '\n';
}

}  // namespace

std::string to_text(const Report& report, std::optional<int> columns) {
  std::string text;
  PaperSources sources;
  for (const Evaluation& evaluation : report.evaluations) {
    if (!text.empty()) text += '\n';
    append_line(text, "Neural network architecture:", report.network);
    append_line(text, "In-distribution dataset:", report.in_set);
    append_line(text, "Out-of-distribution dataset:", evaluation.out_set);
    text += '\n';
    const std::vector<Column> table = table_columns(evaluation, sources);
    append_row(text, "", table, [](const Column& column) { return column.heading; });
    for (const MetricFigure& figure : metric_figures(report.positive)) {
      append_row(text, fmt::format("{}:", figure.label), table,
                 [&](const Column& column) { return percent(figure.of(*column.metrics)); });
    }
  }
  if (report.accuracy) {
    text += '\n';
    append_line(text, "Classification accuracy:", percent(report.accuracy));
  }
  std::vector<Note> notes = notes_of(report);
  for (Note& source : notes_on(sources)) notes.push_back(std::move(source));
  for (const Note& note : notes) text += fmt::format("\n{}\n", note.in(columns));
  return text;
}

}  // namespace odin
