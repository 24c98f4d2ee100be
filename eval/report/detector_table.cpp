#include "eval/report/detector_table.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>

#include "eval/report/columns.h"
#include "eval/report/comparison.h"
#include "eval/report/table_parts.h"
#include "kernels/error.h"

namespace odin {
namespace {

constexpr std::size_t kFpr = 0;  // of kMetricFigures
constexpr std::size_t kAuroc = 2;

struct Cell {
  std::string text;
  bool best = false;  // of its column
};

struct Column {
  std::array<std::string_view, 2> heading;  // two lines
  std::vector<Cell> cells;                  // one for each row
};

// Columns that stay together.
struct Group {
  std::string name;  // of the set, or "Average"; empty if the title says it
  std::vector<Column> columns;
};

struct Row {
  std::string rank;
  std::string label;
};

// The content of both forms.
struct Table {
  std::string title;
  std::vector<Row> rows;
  std::vector<Group> groups;
  std::vector<Note> notes;
};

// A detector or, in a row of its own, what papers say of it.
struct Subject {
  const ComparedDetector* detector = nullptr;
  bool paper = false;
};

// The metrics of a row on a set, or averaged; nullptr for none.
const Metrics* metrics_of(const Subject& subject, const Evaluation* set) {
  if (set == nullptr) return subject.paper ? nullptr : &subject.detector->average;
  const DetectorResult& result = set->detectors[subject.detector->index];
  if (!subject.paper) return &result.metrics;
  return result.comparable() != nullptr ? &result.comparable()->metrics : nullptr;
}

// `set` is nullptr for the average.
Column column_of(const std::vector<Subject>& subjects, const Evaluation* set, std::size_t number,
                 PositiveClass positive) {
  const MetricFigure& figure = kMetricFigures[number];
  const ShortHeadings& headings = short_headings(positive);
  Column column{{headings[0][number], headings[1][number]}, {}};
  std::optional<double> best;
  for (const Subject& subject : subjects) {
    if (subject.paper) continue;
    const std::optional<double> value = figure.of(*metrics_of(subject, set));
    const bool better =
        value && (!best || (figure.lower_is_better ? *value < *best : *value > *best));
    if (better) best = value;
  }
  for (const Subject& subject : subjects) {
    const Metrics* metrics = metrics_of(subject, set);
    const bool is_best = !subject.paper && best && figure.of(*metrics) == best;
    column.cells.push_back({percent_of(metrics, figure), is_best});
  }
  return column;
}

// Nothing where no cost is known.
std::vector<Column> cost_of(const std::vector<Subject>& subjects) {
  Column column{{"ms per", "image"}, {}};
  bool known = false;
  for (const Subject& subject : subjects) {
    const std::optional<double> cost =
        subject.paper ? std::nullopt : subject.detector->milliseconds;
    known = known || cost;
    column.cells.push_back({cost ? milliseconds_text(*cost) : "-"});
  }
  return known ? std::vector{std::move(column)} : std::vector<Column>{};
}

Group group_of(std::string name, const std::vector<Subject>& subjects, const Evaluation* set,
               std::initializer_list<std::size_t> figures, PositiveClass positive) {
  Group group{std::move(name), {}};
  for (const std::size_t number : figures) {
    group.columns.push_back(column_of(subjects, set, number, positive));
  }
  return group;
}

std::vector<Group> groups_of(const Report& report, const std::vector<Subject>& subjects) {
  const bool one_set = report.evaluations.size() == 1;
  const Evaluation* first = one_set ? &report.evaluations.front() : nullptr;
  std::vector<Group> groups{
      group_of(one_set ? "" : "Average", subjects, first, {kFpr, kAuroc}, report.positive)};
  for (Column& column : cost_of(subjects)) groups[0].columns.push_back(std::move(column));
  if (one_set) {
    groups.push_back(group_of("", subjects, first, {1, 3, 4}, report.positive));
    return groups;
  }
  for (const Evaluation& evaluation : report.evaluations) {
    groups.push_back(
        group_of(evaluation.out_set, subjects, &evaluation, {kFpr, kAuroc}, report.positive));
  }
  return groups;
}

// The numbers of the notes on a detector's figures in papers, ascending; none if there are no
// figures.
std::vector<std::size_t> papers_on(const Report& report, const ComparedDetector& detector,
                                   PaperSources& sources) {
  std::vector<std::size_t> numbers;
  for (const Evaluation& evaluation : report.evaluations) {
    const PublishedFigures* paper = evaluation.detectors[detector.index].comparable();
    if (paper == nullptr) continue;
    const std::size_t number = sources.number_of(*detector.detector, *paper);
    if (std::ranges::find(numbers, number) == numbers.end()) numbers.push_back(number);
  }
  std::ranges::sort(numbers);
  return numbers;
}

Table table_of(const Report& report) {
  const std::vector<ComparedDetector> detectors = compared_detectors(report);
  Table table{title_of(report), {}, {}, {}};
  const bool one_set = report.evaluations.size() == 1;
  if (one_set) {
    const Evaluation& set = report.evaluations.front();
    table.title += fmt::format(", out-of-distribution {} ({} images)", set.out_set, set.out_images);
  }
  table.title += fmt::format("; in percent, ranked by {}AUROC", one_set ? "" : "average ");
  PaperSources sources;
  std::vector<Subject> subjects;
  for (const ComparedDetector& detector : detectors) {
    subjects.push_back({&detector, false});
    table.rows.push_back({fmt::format("{}", detector.rank), std::string(detector.detector->title)});
    const std::vector<std::size_t> papers = papers_on(report, detector, sources);
    if (papers.empty()) continue;
    subjects.push_back({&detector, true});
    table.rows.push_back({"", fmt::format("  paper [{}]", fmt::join(papers, ", "))});
  }
  table.groups = groups_of(report, subjects);
  table.notes = notes_below(report, sources);
  return table;
}

// As text: with the mark of the best, or room for it. A cost has none.
std::string marked(const Cell& cell, bool has_best) {
  return has_best ? cell.text + (cell.best ? '*' : ' ') : cell.text;
}

struct TextColumn {
  std::vector<std::string> lines;  // two of the heading, then the rows
  int width = 0;
};

constexpr int kFigure = 6;  // columns of "100.0*"

TextColumn text_of(const Column& column) {
  const bool has_best = std::ranges::any_of(column.cells, &Cell::best);
  TextColumn text;
  for (const std::string_view heading : column.heading) {
    text.lines.push_back(marked({std::string(heading)}, has_best));
  }
  for (const Cell& cell : column.cells) text.lines.push_back(marked(cell, has_best));
  if (has_best) text.width = kFigure;
  for (const std::string& line : text.lines) text.width = std::max(text.width, columns_of(line));
  return text;
}

struct TextGroup {
  std::string name;
  std::vector<TextColumn> columns;
  int width = 0;  // without the space before it
};

TextGroup text_of(const Group& group) {
  TextGroup text{group.name, {}, -1};
  for (const Column& column : group.columns) {
    text.columns.push_back(text_of(column));
    text.width += text.columns.back().width + 1;
  }
  return text;
}

constexpr int kGap = 2;  // between groups

void pad(std::string& line, int columns) {
  line.append(static_cast<std::size_t>(std::max(0, columns - columns_of(line))), ' ');
}

void append_line(std::string& text, std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  text += line + '\n';
}

// What stands left of the figures.
struct Stub {
  int rank = 0;   // columns
  int label = 0;  // columns
  int columns() const { return rank + 1 + label; }
};

// The names of the groups above their columns, in as many lines as the longest needs.
void append_names(std::string& text, const Stub& stub, std::span<const TextGroup> groups) {
  std::vector<std::vector<std::string>> names;
  std::size_t height = 0;
  for (const TextGroup& group : groups) {
    names.push_back(broken_to_columns(group.name, group.width));
    if (!group.name.empty()) height = std::max(height, names.back().size());
  }
  for (std::size_t i = 0; i < height; ++i) {
    std::string line;
    int end = stub.columns();
    for (std::size_t g = 0; g < groups.size(); ++g) {
      pad(line, end + kGap);
      const std::size_t above = height - names[g].size();
      if (i >= above) line += names[g][i - above];
      end += kGap + groups[g].width;
    }
    append_line(text, std::move(line));
  }
}

// Line `number` of the columns, after what stands left of them.
void append_cells(std::string& text, std::string line, const Stub& stub,
                  std::span<const TextGroup> groups, std::size_t number) {
  pad(line, stub.columns());
  for (const TextGroup& group : groups) {
    line.append(kGap - 1, ' ');
    for (const TextColumn& column : group.columns) {
      const std::string& cell = column.lines[number];
      line.append(static_cast<std::size_t>(1 + column.width - columns_of(cell)), ' ');
      line += cell;
    }
  }
  append_line(text, std::move(line));
}

void append_block(std::string& text, const Table& table, const Stub& stub,
                  std::span<const TextGroup> groups) {
  append_names(text, stub, groups);
  append_cells(text, "", stub, groups, 0);
  append_cells(text, "", stub, groups, 1);
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const Row& row = table.rows[i];
    const std::vector<std::string> label = broken_to_columns(row.label, stub.label);
    append_cells(text, fmt::format("{:>{}} {}", row.rank, stub.rank, label[0]), stub, groups,
                 2 + i);
    for (std::size_t k = 1; k < label.size(); ++k) {
      append_line(text, fmt::format("{:{}} {}", "", stub.rank, label[k]));
    }
  }
}

constexpr int kLeastLabel = 12;  // columns of a label, of which longer ones are broken

Stub stub_of(const Table& table, const std::vector<TextGroup>& groups, std::optional<int> columns) {
  Stub stub;
  for (const Row& row : table.rows) {
    stub.rank = std::max(stub.rank, columns_of(row.rank));
    stub.label = std::max(stub.label, columns_of(row.label));
  }
  if (columns) {
    const int widest = std::ranges::max(groups, {}, &TextGroup::width).width;
    const int room = *columns - (stub.rank + 1) - kGap - widest;
    stub.label = std::min(stub.label, std::max(room, kLeastLabel));
  }
  return stub;
}

}  // namespace

std::string to_detector_table(const Report& report, std::optional<int> columns) {
  const Table table = table_of(report);
  std::vector<TextGroup> groups;
  for (const Group& group : table.groups) groups.push_back(text_of(group));
  const Stub stub = stub_of(table, groups, columns);
  const std::string title = table.title + "; * is the best of its column";
  std::string text = (columns ? wrapped(title, *columns, 2) : title) + '\n';
  for (std::size_t first = 0, end; first < groups.size(); first = end) {
    int width = stub.columns();
    for (end = first; end < groups.size(); ++end) {
      width += kGap + groups[end].width;
      if (columns && width > *columns && end > first) break;
    }
    text += '\n';
    append_block(text, table, stub, std::span(groups).subspan(first, end - first));
  }
  if (!table.notes.empty()) text += '\n';
  for (const Note& note : table.notes) text += note.in(columns) + '\n';
  return text;
}

std::string detector_markdown(const Report& report) {
  const Table table = table_of(report);
  std::string text = fmt::format("{}\n\n| Rank | Detector |", markdown_escaped(table.title));
  const auto out = std::back_inserter(text);
  std::string rule = "| ---: | --- |";
  for (const Group& group : table.groups) {
    for (const Column& column : group.columns) {
      const bool is_cost = column.heading[0].starts_with("ms");
      const std::string set = group.name.empty() || is_cost ? "" : group.name + ": ";
      const std::string_view gap = column.heading[0].empty() ? "" : " ";
      fmt::format_to(out, " {}{}{}{} |", markdown_escaped(set), column.heading[0], gap,
                     column.heading[1]);
      rule += " ---: |";
    }
  }
  fmt::format_to(out, "\n{}\n", rule);
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    fmt::format_to(out, "| {} | {} |", table.rows[i].rank, markdown_escaped(table.rows[i].label));
    for (const Group& group : table.groups) {
      for (const Column& column : group.columns) {
        const std::string_view bold = column.cells[i].best ? "**" : "";
        fmt::format_to(out, " {}{}{} |", bold, markdown_escaped(column.cells[i].text), bold);
      }
    }
    fmt::format_to(out, "\n");
  }
  for (const Note& note : table.notes) {
    fmt::format_to(out, "\n{}\n", markdown_escaped(note.in_one_line()));
  }
  return text;
}

}  // namespace odin
