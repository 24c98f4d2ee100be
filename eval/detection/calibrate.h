// From a benchmark to a verdict: a threshold, and a magnitude, from in-distribution images alone.
#pragma once

#include <span>
#include <vector>

#include "eval/scoring/score_set.h"
#include "eval/scoring/training_set.h"
#include "weights/detector_settings.h"

namespace odin {

struct CalibrationRequest {
  const Detector* score = nullptr;
  // What the score was fitted on; nullptr for one that learns nothing.
  const TrainingSet* training = nullptr;
  double tpr = 0.95;
  OdinParameters parameters{};  // of a score that uses them; the magnitude unless it is chosen
  // The magnitudes to choose from; empty: not chosen.
  std::vector<double> magnitudes{};
};

// The magnitudes that a choice tries by default: the grid of the ODIN paper (0 to 0.004 in steps of
// 0.0002) and that of Hsu, Shen, Jin & Kira, "Generalized ODIN", CVPR 2020 (0.0025, 0.005, 0.01,
// 0.02, 0.04, 0.08).
std::vector<double> default_magnitudes();

// Scores the images and sets the threshold by tpr_threshold(). With magnitudes to choose from,
// takes the one that maximises the mean score of the images (Generalized ODIN, section 3.2), the
// smallest of equal ones; it needs no out-of-distribution image. The settings lack only the way of
// fitting images, which is the caller's, as is to fit the score first.
//
// Throws Error as score_set() and tpr_threshold() do, if magnitudes are given for a score without
// any, for a score that must be fitted without images for that, and if the set has no images.
DetectorSettings calibrate(Scorer& scorer, const NamedDataset& images,
                           const CalibrationRequest& request, const ScoringOptions& options,
                           Progress& progress);

}  // namespace odin
