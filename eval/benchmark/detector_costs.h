// What detectors cost, for the report.
#pragma once

#include <vector>

#include "eval/data/dataset.h"
#include "eval/scoring/scorer.h"

namespace odin {

class DetectorCosts {
 public:
  // Measures with one batch of these images, when it is first needed. Both outlive this.
  DetectorCosts(Scorer& scorer, const Dataset& images) : scorer_(scorer), images_(images) {}

  // Milliseconds for an image beside the forward pass that all detectors share: what its formula
  // has taken so far and, for a detector that perturbs the image, what this takes.
  double of(const Detector& detector, const OdinParameters& parameters);

 private:
  struct Perturbation {
    const Detector* detector;
    double milliseconds;
  };

  Scorer& scorer_;
  const Dataset& images_;
  std::vector<float> batch_;
  std::vector<Perturbation> measured_;
};

}  // namespace odin
