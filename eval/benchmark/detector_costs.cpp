#include "eval/benchmark/detector_costs.h"

#include <algorithm>

namespace odin {

double DetectorCosts::of(const Detector& detector, const OdinParameters& parameters) {
  const double formula = scorer_.milliseconds(detector);
  if (!detector.uses_odin_parameters || parameters.magnitude == 0) return formula;
  // It does not depend on the values of the parameters.
  auto found = std::ranges::find(measured_, &detector, &Perturbation::detector);
  if (found == measured_.end()) {
    if (batch_.empty()) {
      const std::int64_t count = std::min(images_.size(), scorer_.preferred_batch());
      batch_.resize(static_cast<std::size_t>(count * images_.shape().elements()));
      images_.read(0, count, batch_.data());
      scorer_.normalise(batch_);
    }
    measured_.push_back(
        {&detector, scorer_.perturbation_milliseconds(batch_, detector, parameters)});
    found = measured_.end() - 1;
  }
  return formula + found->milliseconds;
}

}  // namespace odin
