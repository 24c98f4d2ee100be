// Fitting a scorer's detectors.
#pragma once

#include <string>
#include <vector>

#include "eval/scoring/scorer.h"
#include "eval/scoring/training_set.h"

namespace odin {

// Whether one of the detectors must be fitted before it can score.
bool needs_fit(std::span<const Detector* const> detectors);

struct UnfittedDetector {
  const Detector* detector = nullptr;
  std::string reason;  // a sentence that names the score and the images
};

// Fits those of the scorer's detectors that need it, on what its own network gave for training
// images. A detector for which these do not suffice, without classes for example, is left out of
// the scorer and returned.
[[nodiscard]] std::vector<UnfittedDetector> fit_detectors(Scorer& scorer, const TrainingSet& set);

}  // namespace odin
