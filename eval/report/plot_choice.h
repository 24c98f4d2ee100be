// Which of many detectors a page shows at first.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "eval/report/comparison.h"

namespace odin {

// Detectors are given by their index in the report.
struct PlotChoice {
  std::vector<std::size_t> curves;
  // Whose scores are drawn against each other; nothing where there is one detector.
  std::optional<std::array<std::size_t, 2>> scatter;
};

// `detectors` are those of compared_detectors(). Curves: those of `wanted`; by default the best
// four, and the baseline. Scatter: the first two of `wanted`; by default the best one and the best
// that reads something else (logits, features, or logits of perturbed images), if there is one.
// Throws Error where one that is wanted is not among the detectors.
PlotChoice plot_choice(std::span<const ComparedDetector> detectors,
                       std::span<const Detector* const> wanted = {});

}  // namespace odin
