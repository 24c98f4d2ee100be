// The table in the layout of the paper, as text and as Markdown.
#include <algorithm>
#include <iterator>

#include "eval/metrics/figures.h"
#include "eval/report/averages.h"
#include "eval/report/comparison.h"
#include "eval/report/detector_table.h"
#include "eval/report/report.h"
#include "eval/report/table_parts.h"
#include "kernels/error.h"

namespace odin {
namespace {

// A row of the table.
struct Row {
  std::string label;
  std::vector<std::string> cells;  // one per figure
};

// The content of both forms.
struct Table {
  std::string title;
  std::vector<Row> rows;  // the first holds the headings
  std::vector<Note> notes;
};

// The detectors' values of one figure, next to each other; "-" if a detector has none.
template <class MetricsOf>
std::string cell(const Evaluation& evaluation, const MetricFigure& figure,
                 const MetricsOf& metrics_of) {
  std::string text;
  for (const DetectorResult& result : evaluation.detectors) {
    if (!text.empty()) text += " / ";
    text += percent_of(metrics_of(result), figure);
  }
  return text;
}

template <class MetricsOf>
Row row_of(std::string label, const Evaluation& evaluation, const MetricsOf& metrics_of) {
  Row row{std::move(label), {}};
  for (const MetricFigure& figure : kMetricFigures) {
    row.cells.push_back(cell(evaluation, figure, metrics_of));
  }
  return row;
}

// "paper [1, 2]", with the numbers of the notes; empty if the paper has no figure.
std::string paper_label(const Evaluation& evaluation, PaperSources& sources) {
  std::vector<std::size_t> numbers;
  for (const DetectorResult& result : evaluation.detectors) {
    const PublishedFigures* paper = result.comparable();
    if (paper == nullptr) continue;
    const std::size_t number = sources.number_of(*result.detector, *paper);
    if (std::ranges::find(numbers, number) == numbers.end()) numbers.push_back(number);
  }
  return numbers.empty() ? "" : fmt::format("paper [{}]", fmt::join(numbers, ", "));
}

std::string title_with_detectors(const Report& report) {
  std::string detectors;
  if (!report.evaluations.empty()) {
    for (const DetectorResult& result : report.evaluations[0].detectors) {
      detectors += fmt::format("{}{}", detectors.empty() ? "" : " / ", result.detector->title);
    }
  }
  return fmt::format("{}; {}, in percent", title_of(report), detectors);
}

Table table_of(const Report& report) {
  Table table{title_with_detectors(report), {{"Out-of-distribution set", {}}}, {}};
  for (const MetricFigure& figure : metric_figures(report.positive)) {
    table.rows[0].cells.emplace_back(figure.label);
  }
  PaperSources sources;
  for (const Evaluation& evaluation : report.evaluations) {
    table.rows.push_back(row_of(evaluation.out_set, evaluation,
                                [](const DetectorResult& result) { return &result.metrics; }));
    const std::string label = paper_label(evaluation, sources);
    if (label.empty()) continue;
    table.rows.push_back(
        row_of(fmt::format("  {}", label), evaluation, [](const DetectorResult& result) {
          return result.comparable() ? &result.comparable()->metrics : nullptr;
        }));
  }
  if (const std::optional<Evaluation> average = average_of(report)) {
    table.rows.push_back(row_of(average->out_set, *average,
                                [](const DetectorResult& result) { return &result.metrics; }));
  }
  table.notes = notes_below(report, sources);
  return table;
}

}  // namespace

std::string to_table(const Report& report, std::optional<int> columns) {
  const Table table = table_of(report);
  std::size_t label_width = 0;
  std::vector<std::size_t> widths(kMetricFigures.size());
  for (const Row& row : table.rows) {
    label_width = std::max(label_width, row.label.size());
    for (std::size_t c = 0; c < widths.size(); ++c) {
      widths[c] = std::max(widths[c], row.cells[c].size());
    }
  }
  std::string text = table.title + "\n\n";
  for (const Row& row : table.rows) {
    fmt::format_to(std::back_inserter(text), "{:{}}", row.label, label_width);
    for (std::size_t c = 0; c < widths.size(); ++c) {
      fmt::format_to(std::back_inserter(text), "  {:>{}}", row.cells[c], widths[c]);
    }
    text += '\n';
  }
  if (!table.notes.empty()) text += '\n';
  for (const Note& note : table.notes) text += note.in(columns) + '\n';
  return text;
}

std::string to_markdown(const Report& report) {
  if (has_many_detectors(report)) return detector_markdown(report);
  const Table table = table_of(report);
  std::string text = fmt::format("{}\n\n", markdown_escaped(table.title));
  const auto out = std::back_inserter(text);
  for (const Row& row : table.rows) {
    fmt::format_to(out, "| {} |", markdown_escaped(row.label));
    for (const std::string& value : row.cells)
      fmt::format_to(out, " {} |", markdown_escaped(value));
    fmt::format_to(out, "\n");
    if (&row == &table.rows.front()) {
      fmt::format_to(out, "| --- |");
      for (std::size_t c = 0; c < row.cells.size(); ++c) fmt::format_to(out, " ---: |");
      fmt::format_to(out, "\n");
    }
  }
  for (const Note& note : table.notes) {
    fmt::format_to(out, "\n{}\n", markdown_escaped(note.in_one_line()));
  }
  return text;
}

}  // namespace odin
