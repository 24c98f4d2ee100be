// A detector of the small network whose score has learnt from noise.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "eval/scoring/scorer.h"
#include "tests/eval/data/data_support.h"
#include "tests/eval/scoring/small_network.h"
#include "tests/weights/sample_detector.h"

namespace odin::test {

// Bytes v as pixels v / 255, normalised for the scorer.
inline std::vector<float> normalised(const Scorer& scorer, const std::vector<std::uint8_t>& bytes) {
  std::vector<float> pixels(bytes.begin(), bytes.end());
  for (float& pixel : pixels) pixel /= 255.0F;
  scorer.normalise(pixels);
  return pixels;
}

// Without the detector's settings that odin_calibrate would find: those are sample_detector()'s.
inline Checkpoint fitted_checkpoint(const std::string& score) {
  Checkpoint checkpoint = small_checkpoint();
  const Detector* detector = &detector_named(score);
  const auto backend = make_cpu_backend(1);
  Scorer scorer(checkpoint, *backend, {&detector, 1});
  const std::vector<double> options = option_values(*detector);
  constexpr std::size_t kTrainingImages = 60;
  const std::vector<float> pixels =
      normalised(scorer, noise_bytes(kTrainingImages * kImageElements, 9));
  TrainingOutputs training{scorer.run(pixels)};
  training.outputs.options = options;
  // Every class has images, which the network recognises.
  std::vector<std::int32_t> labels;
  std::vector<float> logits(training.outputs.logits.begin(), training.outputs.logits.end());
  for (std::size_t i = 0; i < kTrainingImages; ++i) {
    labels.push_back(static_cast<std::int32_t>(i % 10));
    logits[10 * i + i % 10] += 20;
  }
  training.outputs.logits = logits;
  training.labels = labels;
  add_fitted_detector(checkpoint, detector->fit(training));
  checkpoint.detector->score = score;
  return checkpoint;
}

}  // namespace odin::test
