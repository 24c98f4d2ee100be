// The table for a terminal that is narrower than the other forms.
#include <algorithm>
#include <iterator>

#include "eval/report/averages.h"
#include "eval/report/columns.h"
#include "eval/report/comparison.h"
#include "eval/report/report.h"
#include "eval/report/table_parts.h"
#include "kernels/error.h"

namespace odin {
namespace {

constexpr std::size_t kFigures = kMetricFigures.size();
constexpr int kCell = 5;  // columns of "100.0"

// A line of figures or, without cells, the name of a set.
struct Line {
  std::string label;
  std::vector<std::string> cells;
};

Line line_of(const std::string& label, const Metrics& metrics) {
  Line line{" " + label, {}};
  for (const MetricFigure& figure : kMetricFigures) {
    line.cells.push_back(percent_of(&metrics, figure));
  }
  return line;
}

std::vector<Line> lines_of(const Report& report, PaperSources& sources) {
  std::vector<Line> lines;
  for (const Evaluation& evaluation : report.evaluations) {
    lines.push_back({evaluation.out_set, {}});
    for (const DetectorResult& result : evaluation.detectors) {
      lines.push_back(line_of(std::string(result.detector->title), result.metrics));
      const PublishedFigures* paper = result.comparable();
      if (paper == nullptr) continue;
      const std::size_t number = sources.number_of(*result.detector, *paper);
      lines.push_back(line_of(fmt::format("paper [{}]", number), paper->metrics));
    }
  }
  if (const std::optional<Evaluation> average = average_of(report)) {
    lines.push_back({average->out_set, {}});
    for (const DetectorResult& result : average->detectors) {
      lines.push_back(line_of(std::string(result.detector->title), result.metrics));
    }
  }
  return lines;
}

// Whether each line of the text fits.
bool fits(std::string_view text, int columns) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (columns_of(text.substr(0, end)) > columns) return false;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return true;
}

}  // namespace

std::string to_narrow_table(const Report& report, int columns) {
  PaperSources sources;
  const std::vector<Line> lines = lines_of(report, sources);
  int label = 0;
  for (const Line& line : lines) {
    if (!line.cells.empty()) label = std::max(label, columns_of(line.label));
  }
  const int count = static_cast<int>(kFigures);
  const int cell = kCell + (label + count * (kCell + 2) <= columns ? 2 : 1);
  std::string text = wrapped(title_of(report) + ", in percent", columns, 2) + "\n\n";
  const auto append = [&](std::string_view name, const auto& cells) {
    fmt::format_to(std::back_inserter(text), "{:{}}", name, label);
    for (const auto& value : cells) fmt::format_to(std::back_inserter(text), "{:>{}}", value, cell);
    text += '\n';
  };
  for (const auto& headings : short_headings(report.positive)) append("", headings);
  for (const Line& line : lines) {
    if (line.cells.empty()) {
      text += wrapped(line.label, columns, 2) + '\n';
    } else {
      append(line.label, line.cells);
    }
  }
  const std::vector<Note> notes = notes_below(report, sources);
  if (!notes.empty()) text += '\n';
  for (const Note& note : notes) text += note.broken(columns) + '\n';
  return text;
}

std::string to_output(const Report& report, std::optional<int> columns) {
  if (has_many_detectors(report)) return to_detector_table(report, columns);
  const bool one_set = report.evaluations.size() == 1 && report.missing.empty();
  std::string text = one_set ? to_text(report, columns) : to_table(report, columns);
  // The title and the figures, which an empty line separates, are what must fit.
  const std::size_t notes = text.find("\n\n", text.find("\n\n") + 2);
  const bool as_it_is = !columns || fits(std::string_view(text).substr(0, notes), *columns);
  return as_it_is ? text : to_narrow_table(report, *columns);
}

}  // namespace odin
