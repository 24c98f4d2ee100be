// A detector: a score for every image, computed from the network's outputs for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "eval/metrics/threshold_sweep.h"
#include "eval/scoring/detector_fit.h"
#include "eval/scoring/detector_option.h"
#include "eval/scoring/odin_parameters.h"
#include "kernels/error.h"
#include "kernels/odin_objective.h"

namespace odin {

// The network's outputs for n images. A detector reads what it needs.
struct NetworkOutputs {
  int classes = 0;
  std::span<const float> logits;  // (n, classes), of the unchanged images

  // Only for a detector that uses ODIN's parameters:
  std::span<const float> perturbed_logits{};  // (n, classes), of the images that ODIN has perturbed
  OdinParameters parameters{};                // with these, against the detector's objective

  // Only for a detector that uses features:
  int feature_count = 0;
  std::span<const float> features{};  // (n, feature_count), of the unchanged images
  // The classifier that reads them: logits = weights features + bias.
  std::span<const float> weights{};  // (classes, feature_count)
  std::span<const float> bias{};     // (classes)

  // Only for a detector that has options: their values, in the order of Detector::options.
  std::span<const double> options{};
  double option(std::size_t index) const {
    require(index < options.size(), "option {} of a detector was not given", index);
    return options[index];
  }
  // Only for a detector that is fitted: what its fit() returned.
  const DetectorFit* fit = nullptr;
};

// The network's outputs for the in-distribution training images that detectors are fitted on,
// features included, and the images' classes, numbered as the network's; none where they have no
// such classes.
struct TrainingOutputs {
  NetworkOutputs outputs;
  std::span<const std::int32_t> labels{};  // (n)
};

struct Detector {
  std::string_view name;        // on the command line, in JSON and in CSV: "max_logit"
  std::string_view title;       // for readers: "Max logit"
  std::string_view heading;     // over its column in the table of the authors' code: "Our Method"
  std::string_view score_file;  // the middle of its score files' names: confidence_Our_In.txt
  std::string_view paper;       // where it was published

  // Writes one score per image. A larger score means more in-distribution. Throws Error if a logit
  // is not finite. Several threads may call it at once.
  void (*score)(const NetworkOutputs& outputs, std::span<double> scores);
  // What it must learn before it can score; nullptr for a detector that learns nothing. Throws
  // Error if the images do not suffice.
  DetectorFit (*fit)(const TrainingOutputs& training) = nullptr;

  // Whether it scores the images once for every pair of ODIN's parameters.
  bool uses_odin_parameters = false;
  // If so: what the perturbation lowers. Detectors with the same objective share their passes.
  OdinObjective objective = OdinObjective::kCrossEntropy;
  // Whether it reads the input of the network's classifier, and the classifier. Where no detector
  // does, nothing of it leaves the device.
  bool uses_features = false;
  std::string_view settings{};  // fixed parameters, for readers: "T = 1"
  // Numbers that a user may change: react:percentile=80.
  std::span<const DetectorOption> options{};
  // Their values, where they are not the default ones.
  std::span<const double> option_values{};
  // The detector that this one is with other values of the options; nullptr if it is none.
  const Detector* variant_of = nullptr;
  // The thresholds at which the authors' code computes its metrics; nullptr if it has none.
  ThresholdSweep (*sweep)(int classes) = nullptr;

  // Whether it needs a gradient other than ODIN's, and further passes with it.
  constexpr bool has_own_gradient() const {
    return uses_odin_parameters && objective != OdinObjective::kCrossEntropy;
  }
};

}  // namespace odin
