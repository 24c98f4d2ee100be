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
};

// Nothing for NaN, which a published figure is where it is not known.
inline std::optional<double> known(double figure) {
  return std::isnan(figure) ? std::nullopt : std::optional(figure);
}

inline constexpr std::array<MetricFigure, 5> kMetricFigures{{
    {"FPR at TPR 95%", "fpr_at_tpr95", [](const Metrics& m) { return m.fpr_at_tpr95; }},
    {"Detection error", "detection_error",
     [](const Metrics& m) { return known(m.detection_error); }},
    {"AUROC", "auroc", [](const Metrics& m) { return known(m.auroc); }},
    {"AUPR In", "aupr_in", [](const Metrics& m) { return m.aupr_in; }},
    {"AUPR Out", "aupr_out", [](const Metrics& m) { return m.aupr_out; }},
}};

}  // namespace odin
