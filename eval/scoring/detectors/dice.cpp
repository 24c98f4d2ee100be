// DICE: the energy of the logits that the most important weights of the classifier give,
//
//   w'_jk = w_jk if mean(h_k) w_jk is above the 90th percentile of all these, else 0
//   S = log sum_j exp(w'_j h + b_j)
//
// for the features h before the classifier, with their means over the training images. Sun & Li,
// "DICE: Leveraging sparsification for out-of-distribution detection", ECCV 2022, section 3,
// equations 4 and 5; the percentile, the sparsity p, is the one of section 4.1 for CIFAR. Fit:
// `weights` (features, classes), the transposed w'.
#include <vector>

#include "eval/scoring/detectors/covariance.h"
#include "eval/scoring/detectors/double_rows.h"
#include "eval/scoring/detectors/feature_rows.h"
#include "eval/scoring/detectors/registry.h"
#include "eval/scoring/detectors/training_checks.h"

namespace odin {
namespace {

constexpr double kGrid[] = {10, 30, 50, 70, 99};
constexpr DetectorOption kOptions[] = {
    {.name = "percentile", .value = 90, .least = 0, .most = 99.9, .grid = kGrid}};

DetectorFit fit(const TrainingOutputs& training) {
  count_training_images(training);
  const NetworkOutputs& outputs = training.outputs;
  const auto classes = static_cast<std::size_t>(outputs.classes);
  const auto width = static_cast<std::size_t>(outputs.feature_count);
  const std::vector<double> means = mean_row(outputs.features, width);
  std::vector<double> weights = transposed(outputs.weights, width);
  std::vector<double> contributions(weights.size());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    contributions[i] = means[i / classes] * weights[i];
  }
  const double limit = percentile_of(contributions, outputs.option(0));
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (!(contributions[i] > limit)) weights[i] = 0;
  }
  return {.numbers = {{"weights", std::move(weights)}}};
}

void score(const NetworkOutputs& outputs, std::span<double> scores) {
  const std::vector<double> rows = feature_rows(outputs, scores.size());
  energy_of_rows(rows, fitted_numbers(outputs.fit, "weights", outputs.weights.size()), outputs.bias,
                 scores);
}

}  // namespace

constexpr Detector detectors::kDice{
    .name = "dice",
    .title = "DICE",
    .heading = "DICE",
    .score_file = "Dice",
    .paper = "Sun & Li, ECCV 2022, arXiv:2111.09805",
    .score = score,
    .fit = fit,
    .uses_features = true,
    .options = kOptions,
};

}  // namespace odin
