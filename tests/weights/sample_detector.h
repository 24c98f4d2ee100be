// The settings of a detector, for tests.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "weights/checkpoint.h"

namespace odin::test {

inline DetectorSettings sample_detector() {
  return {.score = "odin",
          .temperature = 1000,
          .magnitude = 0.002,
          .threshold = 0.1000123456789,
          .tpr = 0.95,
          .tpr_low = 0.935,
          .tpr_high = 0.96,
          .images = 1000,
          .images_name = "CIFAR-10",
          .images_sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
          .fit = "resize",
          .magnitudes = {0, 0.002},
          .mean_scores = {0.10001, 0.10002}};
}

// Gives a checkpoint a detector that has learnt these arrays.
inline void add_fitted_detector(Checkpoint& checkpoint, DetectorFit fit) {
  checkpoint.detector = sample_detector();
  checkpoint.detector->score = "react";
  checkpoint.detector->training_images = 50000;
  checkpoint.detector->training_images_name = "CIFAR-10, training";
  checkpoint.detector->training_images_sha256 = std::string(64, 'a');
  checkpoint.detector_fit = std::make_shared<const DetectorFit>(std::move(fit));
}

}  // namespace odin::test
