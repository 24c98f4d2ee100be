// ReAct: the energy of the logits of clipped features,
//
//   h'_k = min(h_k, c),    c the 90th percentile of all training images' features
//
//   S = log sum_j exp(w_j h' + b_j),    h the features before the classifier
//
// Sun, Guo & Li, "ReAct: Out-of-distribution detection with rectified activations", NeurIPS 2021,
// section 3, equations 1 to 3; the percentile is the one of section 4.1. Fit: `limit` (1) is c.
// (The published code finds c in single precision.)
#include <algorithm>
#include <utility>
#include <vector>

#include "eval/scoring/detectors/feature_rows.h"
#include "eval/scoring/detectors/registry.h"
#include "eval/scoring/detectors/training_checks.h"

namespace odin {
namespace {

constexpr double kGrid[] = {70, 80, 85, 95, 99};
constexpr DetectorOption kOptions[] = {
    {.name = "percentile", .value = 90, .least = 0, .most = 100, .grid = kGrid}};

DetectorFit fit(const TrainingOutputs& training) {
  count_training_images(training);
  const NetworkOutputs& outputs = training.outputs;
  std::vector<float> features(outputs.features.begin(), outputs.features.end());
  return {.numbers = {{"limit", {percentile_of(std::move(features), outputs.option(0))}}}};
}

void score(const NetworkOutputs& outputs, std::span<double> scores) {
  const double limit = fitted_numbers(outputs.fit, "limit", 1)[0];
  shaped_energy(
      outputs,
      [limit](auto features) {
        for (double& feature : features) feature = std::min(feature, limit);
      },
      scores);
}

}  // namespace

constexpr Detector detectors::kReact{
    .name = "react",
    .title = "ReAct",
    .heading = "ReAct",
    .score_file = "React",
    .paper = "Sun, Guo & Li, NeurIPS 2021, arXiv:2111.12797",
    .score = score,
    .fit = fit,
    .uses_features = true,
    .options = kOptions,
};

}  // namespace odin
