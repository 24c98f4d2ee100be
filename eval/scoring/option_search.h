// The choice of detectors' options on held-out images.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "eval/metrics/metrics.h"
#include "eval/scoring/detector.h"

namespace odin {

// One detector with several values of its options against one out-of-distribution set.
struct OptionSearch {
  const Detector* detector = nullptr;    // with the default values
  std::vector<const Detector*> tried{};  // it and variants of it
  std::vector<Metrics> results{};        // of each of them
  std::size_t best = 0;

  const Detector& chosen() const { return *tried.at(best); }
};

// What a search tries of a detector: itself, then each combination of the values in its options'
// grids. Only itself if it has none, or is a variant that somebody asked for.
std::vector<const Detector*> options_to_try(const Detector& detector);

// The detectors that a search scores for those that were asked for: all that options_to_try()
// gives, and ODIN. A search chooses ODIN's parameters for ODIN, and detectors with gradients of
// their own follow it.
std::vector<const Detector*> detectors_to_search(std::span<const Detector* const> detectors);

// The index of the result with the least FPR at TPR 95 %; of equal ones that with the greatest
// AUROC, then the first. Throws Error if there is none, or an FPR is undefined.
std::size_t best_option(std::span<const Metrics> results);

}  // namespace odin
