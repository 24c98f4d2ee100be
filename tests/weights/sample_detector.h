// The settings of a detector, for tests.
#pragma once

#include "weights/detector_settings.h"

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

}  // namespace odin::test
