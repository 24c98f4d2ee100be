#include "eval/report/html/figure_columns.h"

#include <algorithm>

#include <fmt/format.h>

#include "eval/report/comparison.h"
#include "eval/report/html/text.h"

namespace odin {

namespace {

std::string heading(std::string_view name, const FigureColumn& column, PositiveClass positive) {
  const bool out_positive = &column == kFigureColumns.data() && positive == PositiveClass::kOut;
  return fmt::format("{}{}\u00a0{}", name, out_positive ? ", out positive" : "",
                     column.lower_is_better ? "\u2193" : "\u2191");
}

}  // namespace

std::string heading_of(const FigureColumn& column, PositiveClass positive) {
  return heading(column.heading, column, positive);
}

std::string short_heading_of(const FigureColumn& column, PositiveClass positive) {
  return heading(column.short_heading, column, positive);
}

std::string html_percent(std::optional<double> value) {
  return value ? fmt::format("{:.1f}", *value * 100) : "n/a";
}

std::optional<double> best_of(const HtmlSet& set, const FigureColumn& column) {
  std::optional<double> best;
  if (set.detectors.size() < 2) return best;
  for (const HtmlDetector& detector : set.detectors) {
    const std::optional<double> value = column.of(detector.metrics);
    const bool better =
        value && (!best || (column.lower_is_better ? *value < *best : *value > *best));
    if (better) best = value;
  }
  return best;
}

bool has_cost(const HtmlSet& set) {
  return std::ranges::any_of(set.detectors, [](const HtmlDetector& detector) {
    return detector.milliseconds.has_value();
  });
}

std::string html_milliseconds(std::optional<double> value) {
  return value ? html_escaped(milliseconds_text(*value)) : "n/a";
}

}  // namespace odin
