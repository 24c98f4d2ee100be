// fDBD: the mean distance of the features h before the classifier from its decision boundaries,
// relative to that from the training images' mean,
//
//   S = 1 / (classes - 1)  sum_{c != c'} (f_c' - f_c) / |w_c' - w_c|  /  |h - mean(h)|    for the
//   predicted class c'
//
// Liu & Qin, "Fast decision boundary based out-of-distribution detector", ICML 2024, section 3,
// equations 5 and 7. (The published code has the sum, not the mean.) Classes with equal weights
// have no boundary, and a distance from the mean below 1e-10 counts as that. Fit: `mean`
// (features); `norms` (classes, classes), of w_c' - w_c.
#include <algorithm>
#include <cmath>
#include <vector>

#include "eval/scoring/detectors/covariance.h"
#include "eval/scoring/detectors/double_rows.h"
#include "eval/scoring/detectors/feature_rows.h"
#include "eval/scoring/detectors/logit_rows.h"
#include "eval/scoring/detectors/registry.h"
#include "eval/scoring/detectors/training_checks.h"

namespace odin {
namespace {

DetectorFit fit(const TrainingOutputs& training) {
  count_training_images(training);
  const NetworkOutputs& outputs = training.outputs;
  const auto classes = static_cast<std::size_t>(outputs.classes);
  const auto width = static_cast<std::size_t>(outputs.feature_count);
  std::vector<double> norms;
  norms.reserve(classes * classes);
  for (std::size_t a = 0; a < classes; ++a) {
    const auto row = outputs.weights.subspan(a * width, width);
    const std::vector<double> weights(row.begin(), row.end());
    for (std::size_t b = 0; b < classes; ++b) {
      norms.push_back(
          std::sqrt(squared_distance(weights, outputs.weights.subspan(b * width, width), 1)));
    }
  }
  return {.numbers = {{"mean", mean_row(outputs.features, width)}, {"norms", std::move(norms)}}};
}

void score(const NetworkOutputs& outputs, std::span<double> scores) {
  require_feature_rows(outputs, scores.size());
  const auto classes = static_cast<std::size_t>(outputs.classes);
  const auto width = static_cast<std::size_t>(outputs.feature_count);
  const auto mean = fitted_numbers(outputs.fit, "mean", width);
  const auto norms = fitted_numbers(outputs.fit, "norms", classes * classes);
  score_logit_rows(outputs.logits, outputs.classes, scores,
                   [&](std::span<const float> row, double largest) {
                     const std::size_t predicted = place_of_largest(row, largest);
                     double sum = 0;
                     for (std::size_t c = 0; c < classes; ++c) {
                       const double norm = norms[predicted * classes + c];
                       if (norm > 0) sum += (largest - row[c]) / norm;
                     }
                     return sum / std::max(1.0, static_cast<double>(classes) - 1);
                   });
  for (std::size_t image = 0; image < scores.size(); ++image) {
    const auto features = outputs.features.subspan(image * width, width);
    scores[image] /= std::max(1e-10, std::sqrt(squared_distance(mean, features, 1)));
  }
}

}  // namespace

constexpr Detector detectors::kFdbd{
    .name = "fdbd",
    .title = "fDBD",
    .heading = "fDBD",
    .score_file = "Fdbd",
    .paper = "Liu & Qin, ICML 2024, arXiv:2312.11536",
    .score = score,
    .fit = fit,
    .uses_features = true,
};

}  // namespace odin
