// The columns of figures in the tables of a report's page.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "eval/metrics/figures.h"
#include "eval/report/html/html_report.h"

namespace odin {

struct FigureColumn {
  std::string_view heading;
  std::string_view short_heading;
  bool lower_is_better;
  std::optional<double> (*of)(const Metrics&);
  std::optional<Interval> MetricIntervals::*interval = nullptr;
};

inline constexpr std::array<FigureColumn, 5> kFigureColumns{{
    {"FPR at TPR\u00a095\u00a0%", "FPR", true, [](const Metrics& m) { return m.fpr_at_tpr95; },
     &MetricIntervals::fpr_at_tpr95},
    {"Detection error", "Error", true, [](const Metrics& m) { return known(m.detection_error); }},
    {"AUROC", "AUROC", false, [](const Metrics& m) { return known(m.auroc); },
     &MetricIntervals::auroc},
    {"AUPR in", "AUPR in", false, [](const Metrics& m) { return m.aupr_in; }},
    {"AUPR out", "AUPR out", false, [](const Metrics& m) { return m.aupr_out; }},
}};

// With the class that is positive, and an arrow in the direction of the better ones.
std::string heading_of(const FigureColumn& column, PositiveClass positive);
std::string short_heading_of(const FigureColumn& column, PositiveClass positive);

// "95.3", or "n/a".
std::string html_percent(std::optional<double> value);

// The best value of the column, if there is more than one detector.
std::optional<double> best_of(const HtmlSet& set, const FigureColumn& column);

// Whether the cost of a detector is known.
bool has_cost(const HtmlSet& set);

// "0.012", or "n/a".
std::string html_milliseconds(std::optional<double> value);

}  // namespace odin
