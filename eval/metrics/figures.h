// The five figures of the metrics and their names in every form of a report.
#pragma once

#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>

#include "eval/metrics/metrics.h"

namespace odin {

struct MetricFigure {
  std::string_view label;  // in tables: "FPR at TPR 95%"
  std::string_view key;    // in JSON and CSV: "fpr_at_tpr95"
  std::optional<double> (*of)(const Metrics&);
  bool lower_is_better = false;
};

// Nothing for NaN, which a published figure is where it is not known.
inline std::optional<double> known(double figure) {
  return std::isnan(figure) ? std::nullopt : std::optional(figure);
}

using MetricFigures = std::array<MetricFigure, 5>;

// With in-distribution as the positive class of the FPR.
inline constexpr MetricFigures kMetricFigures{{
    {"FPR at TPR 95%", "fpr_at_tpr95", [](const Metrics& m) { return m.fpr_at_tpr95; }, true},
    {"Detection error", "detection_error",
     [](const Metrics& m) { return known(m.detection_error); }, true},
    {"AUROC", "auroc", [](const Metrics& m) { return known(m.auroc); }},
    {"AUPR In", "aupr_in", [](const Metrics& m) { return m.aupr_in; }},
    {"AUPR Out", "aupr_out", [](const Metrics& m) { return m.aupr_out; }},
}};

// The same figures under names that say which class is positive.
inline const MetricFigures& metric_figures(PositiveClass positive) {
  static const MetricFigures kOutPositive = [] {
    MetricFigures figures = kMetricFigures;
    figures[0].label = "FPR95, Out positive";
    figures[0].key = "fpr_at_tpr95_out_positive";
    return figures;
  }();
  return positive == PositiveClass::kIn ? kMetricFigures : kOutPositive;
}

}  // namespace odin
