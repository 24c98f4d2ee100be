// Fitting a scorer's detectors.
#pragma once

#include "eval/scoring/scorer.h"
#include "eval/scoring/training_set.h"

namespace odin {

// Whether one of the detectors must be fitted before it can score.
bool needs_fit(std::span<const Detector* const> detectors);

// Fits those of the scorer's detectors that need it, on what its own network gave for training images. Throws
// Error, which names the score, if these do not suffice: without classes, for example.
void fit_detectors(Scorer& scorer, const TrainingSet& set);

}  // namespace odin
