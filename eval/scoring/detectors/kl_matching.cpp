// KL matching: the negative divergence of the softmax p of the unchanged image from the nearest of
// the classes' usual ones,
//
//   S = -min_k KL(p || d_k),    d_k the mean softmax of the training images that are predicted as
//   class k
//
// Hendrycks et al., "Scaling out-of-distribution detection for real-world settings", ICML 2022,
// section 4. Fit: `log_means` (classes, classes), the logarithms of d_k, row by row. A mean below
// the smallest double counts as that.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "eval/scoring/detectors/logit_rows.h"
#include "eval/scoring/detectors/registry.h"
#include "eval/scoring/detectors/training_checks.h"

namespace odin {
namespace {

DetectorFit fit(const TrainingOutputs& training) {
  const std::size_t images = count_training_images(training);
  const NetworkOutputs& outputs = training.outputs;
  const auto classes = static_cast<std::size_t>(outputs.classes);
  const std::vector<std::int32_t> predicted = predicted_classes(outputs, images);
  require_every_class(predicted, classes, "predicted as");
  std::vector<double> means(classes * classes, 0.0);
  std::vector<double> counts(classes, 0.0);
  for (std::size_t i = 0; i < images; ++i) {
    const auto row = outputs.logits.subspan(i * classes, classes);
    const auto k = static_cast<std::size_t>(predicted[i]);
    const double largest = row[k];
    const double sum = sum_of_exponentials(row, largest, 1);
    for (std::size_t j = 0; j < classes; ++j) {
      means[k * classes + j] += std::exp(row[j] - largest) / sum;
    }
    ++counts[k];
  }
  for (std::size_t i = 0; i < means.size(); ++i) {
    const double mean = means[i] / counts[i / classes];
    means[i] = std::log(std::max(mean, std::numeric_limits<double>::min()));
  }
  return {.numbers = {{"log_means", std::move(means)}}};
}

void score(const NetworkOutputs& outputs, std::span<double> scores) {
  const auto classes = static_cast<std::size_t>(outputs.classes);
  const auto log_means = fitted_numbers(outputs.fit, "log_means", classes * classes);
  std::vector<double> p(classes);
  std::vector<double> log_p(classes);
  score_logit_rows(outputs.logits, outputs.classes, scores,
                   [&](std::span<const float> row, double largest) {
                     const double log_sum = std::log(sum_of_exponentials(row, largest, 1));
                     for (std::size_t j = 0; j < classes; ++j) {
                       log_p[j] = row[j] - largest - log_sum;
                       p[j] = std::exp(log_p[j]);
                     }
                     double least = std::numeric_limits<double>::infinity();
                     for (std::size_t k = 0; k < classes; ++k) {
                       double divergence = 0;
                       for (std::size_t j = 0; j < classes; ++j) {
                         divergence += p[j] * (log_p[j] - log_means[k * classes + j]);
                       }
                       least = std::min(least, divergence);
                     }
                     return -least;
                   });
}

}  // namespace

constexpr Detector detectors::kKlMatching{
    .name = "kl_matching",
    .title = "KL matching",
    .heading = "KL matching",
    .score_file = "KlMatching",
    .paper = "Hendrycks et al., ICML 2022, arXiv:1911.11132",
    .score = score,
    .fit = fit,
};

}  // namespace odin
