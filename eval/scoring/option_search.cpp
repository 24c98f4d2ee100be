#include "eval/scoring/option_search.h"

#include <utility>

#include "eval/scoring/detectors/registry.h"
#include "kernels/error.h"

namespace odin {
namespace {

// Whether a search tries more than the detector itself.
bool has_grid(const Detector& detector) {
  return options_to_try(detector).size() > 1;
}

}  // namespace

std::vector<const Detector*> options_to_try(const Detector& detector) {
  std::vector<const Detector*> tried{&detector};
  if (detector.variant_of != nullptr) return tried;
  // Every combination, the default values first.
  std::vector<std::vector<double>> combinations{{}};
  for (const DetectorOption& option : detector.options) {
    std::vector<std::vector<double>> longer;
    for (const std::vector<double>& combination : combinations) {
      std::vector<double> values{option.value};
      values.insert(values.end(), option.grid.begin(), option.grid.end());
      for (const double value : values) {
        longer.push_back(combination);
        longer.back().push_back(value);
      }
    }
    combinations = std::move(longer);
  }
  for (std::size_t i = 1; i < combinations.size(); ++i) {
    tried.push_back(&with_options(detector, combinations[i]));
  }
  return tried;
}

std::vector<const Detector*> detectors_to_search(std::span<const Detector* const> detectors) {
  std::vector<const Detector*> searched;
  for (const Detector* detector : detectors) {
    const bool is_odin = detector == &detectors::kOdin;
    if (!is_odin && !has_grid(*detector)) continue;
    for (const Detector* tried : options_to_try(*detector)) searched.push_back(tried);
  }
  return searched;
}

std::size_t best_option(std::span<const Metrics> results) {
  require(!results.empty(), "there are no results to choose an option from");
  const auto worth = [&](std::size_t i) {
    require(results[i].fpr_at_tpr95.has_value(), "value {} of the search has no FPR", i);
    return std::pair(-*results[i].fpr_at_tpr95, results[i].auroc);
  };
  std::size_t best = 0;
  for (std::size_t i = 1; i < results.size(); ++i) {
    if (worth(i) > worth(best)) best = i;
  }
  return best;
}

}  // namespace odin
