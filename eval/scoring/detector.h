// A detector: a score for every image, computed from the network's outputs for it.
#pragma once

#include <span>
#include <string_view>

#include "eval/metrics/threshold_sweep.h"
#include "eval/scoring/odin_parameters.h"

namespace odin {

// The network's outputs for n images. A detector reads what it needs.
struct NetworkOutputs {
  int classes = 0;
  std::span<const float> logits;  // (n, classes), of the unchanged images

  // Only for a detector that uses ODIN's parameters:
  std::span<const float> perturbed_logits{};  // (n, classes), of the images that ODIN has perturbed
  OdinParameters parameters{};                // with these

  // Only for a detector that uses features:
  int feature_count = 0;
  std::span<const float> features{};  // (n, feature_count), of the unchanged images
  // The classifier that reads them: logits = weights features + bias.
  std::span<const float> weights{};  // (classes, feature_count)
  std::span<const float> bias{};     // (classes)
};

struct Detector {
  std::string_view name;        // on the command line, in JSON and in CSV: "max_logit"
  std::string_view title;       // for readers: "Max logit"
  std::string_view heading;     // over its column in the table of the authors' code: "Our Method"
  std::string_view score_file;  // the middle of its score files' names: confidence_Our_In.txt
  std::string_view paper;       // where it was published

  // Writes one score per image. A larger score means more in-distribution. Throws Error if a logit is
  // not finite.
  void (*score)(const NetworkOutputs& outputs, std::span<double> scores);

  // Whether it scores the images once for every pair of ODIN's parameters.
  bool uses_odin_parameters = false;
  // Whether it reads the input of the network's classifier, and the classifier. Where no detector
  // does, nothing of it leaves the device.
  bool uses_features = false;
  std::string_view settings{};  // fixed parameters, for readers: "T = 1"
  // The thresholds at which the authors' code computes its metrics; nullptr if it has none.
  ThresholdSweep (*sweep)(int classes) = nullptr;
};

}  // namespace odin
