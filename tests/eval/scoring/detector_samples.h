// Outputs of made-up networks, and what NumPy says of them: detector_scores.txt, which
// tests/pytorch/make_detector_scores.py made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "eval/scoring/detector.h"

// Some images' outputs and some training images'.
struct DetectorSample {
  int classes = 0;
  std::size_t features = 0;
  std::size_t images = 0;
  // logits, ..., and scores by the detector's name
  std::map<std::string, std::vector<double>> values;

  std::vector<float> floats(const std::string& name) const;
};

std::vector<DetectorSample> read_detector_samples();

// A sample's arrays, which may be changed, and the outputs that refer to them.
struct DetectorArrays {
  int classes;
  std::vector<float> logits, features, weights, bias, training_features, training_logits;
  std::vector<std::int32_t> labels;
  std::vector<double> options{};  // of the detector that was asked for last
  odin::DetectorFit fitted{};

  explicit DetectorArrays(const DetectorSample& sample);
  odin::TrainingOutputs training(const odin::Detector& detector);
  // With the detector's fit, if it needs one.
  odin::NetworkOutputs outputs(const odin::Detector& detector);
};
