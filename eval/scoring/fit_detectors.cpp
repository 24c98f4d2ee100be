#include "eval/scoring/fit_detectors.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "kernels/error.h"

namespace odin {

bool needs_fit(std::span<const Detector* const> detectors) {
  return std::ranges::any_of(detectors, [](const Detector* d) { return d->fit != nullptr; });
}

std::vector<UnfittedDetector> fit_detectors(Scorer& scorer, const TrainingSet& set) {
  TrainingOutputs training{.outputs = scorer.network_outputs(set.logits, set.features),
                           .labels = set.labels};
  // Variants of a detector that have learnt the same share it.
  std::map<std::uint64_t, std::shared_ptr<const DetectorFit>> fits;
  std::vector<UnfittedDetector> unfitted;
  for (const Detector* detector : scorer.detectors()) {
    if (detector->fit == nullptr) continue;
    const std::vector<double> options = option_values(*detector);
    training.outputs.options = options;
    try {
      auto fit = std::make_shared<const DetectorFit>(detector->fit(training));
      const auto [same, is_new] = fits.try_emplace(digest_of(*fit), std::move(fit));
      scorer.set_fit(*detector, same->second);
    } catch (const Error& error) {
      unfitted.push_back({detector, fmt::format("the score {} cannot be fitted on {}: {}",
                                                detector->name, set.name, error.what())});
    }
  }
  for (const UnfittedDetector& one : unfitted) scorer.leave_out(*one.detector);
  return unfitted;
}

}  // namespace odin
