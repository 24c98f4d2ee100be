// ViM: the energy of the logits less a virtual logit, the length of what the features have outside
// the principal space of the training images' features,
//
//   S = log sum_j exp(f_j) - alpha |R^T (h - u)|
//
// where u = -W^+ b is the origin in which the classifier's bias vanishes; the columns of R are the
// eigenvectors of the mean of (h - u) (h - u)^T that are not among the D of the largest eigenvalues
// (found without that matrix); and alpha = sum max_j f_j / sum |R^T (h - u)|, both over the
// training images. Wang, Li, Feng & Zhang, "ViM: Out-of-distribution with virtual-logit matching",
// CVPR 2022, section 4, equations 5 to 7. D is as in the published code: 1000 for 2048 features or
// more, 512 for 768 or more, else half of them; the option `dimension` says another one. Fit:
// `origin` (features) is u, `residual` (features, features - D) is R, `alpha` (1).
#include <algorithm>
#include <cmath>
#include <vector>

#include "eval/scoring/detectors/decompositions.h"
#include "eval/scoring/detectors/double_rows.h"
#include "eval/scoring/detectors/energy.h"
#include "eval/scoring/detectors/feature_rows.h"
#include "eval/scoring/detectors/registry.h"
#include "eval/scoring/detectors/training_checks.h"

namespace odin {
namespace {

constexpr DetectorOption kOptions[] = {
    {.name = "dimension", .value = 0, .least = 0, .most = 1e6, .whole = true}};

// Training images whose virtual logits are computed at once.
constexpr std::size_t kImagesAtOnce = 256;

std::size_t principal_dimension(const NetworkOutputs& outputs) {
  const auto width = static_cast<std::size_t>(outputs.feature_count);
  auto dimension = static_cast<std::size_t>(outputs.option(0));
  if (dimension == 0) dimension = width >= 2048 ? 1000 : width >= 768 ? 512 : width / 2;
  require(dimension < width, "{} principal dimensions of {} features leave nothing outside them",
          dimension, width);
  return dimension;
}

// |R^T (h - u)| of every image.
std::vector<double> residual_lengths(std::span<const float> features,
                                     std::span<const double> origin,
                                     std::span<const double> residual) {
  const std::size_t width = origin.size();
  const std::size_t columns = residual.size() / width;
  std::vector<double> rows(features.begin(), features.end());
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] -= origin[i % width];
  std::vector<double> outside(rows.size() / width * columns);
  const std::vector<double> zeros(columns, 0.0);
  multiply_rows(rows, residual, zeros, outside);
  std::vector<double> lengths;
  for (std::size_t i = 0; i < outside.size(); i += columns) {
    lengths.push_back(
        std::sqrt(squared_distance(zeros, std::span<const double>(outside).subspan(i, columns))));
  }
  return lengths;
}

DetectorFit fit(const TrainingOutputs& training) {
  const std::size_t images = count_training_images(training);
  const NetworkOutputs& outputs = training.outputs;
  const auto width = static_cast<std::size_t>(outputs.feature_count);
  const std::size_t dimension = principal_dimension(outputs);

  const std::vector<double> bias(outputs.bias.begin(), outputs.bias.end());
  std::vector<double> origin = least_norm_solution(outputs.weights, bias);
  for (double& value : origin) value = -value;
  const auto [columns, values] = singular_vectors(outputs.features, width, origin);
  std::vector<double> residual;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i % width >= dimension) residual.push_back(columns[i]);
  }

  double lengths = 0;
  for (std::size_t first = 0; first < images; first += kImagesAtOnce) {
    const std::size_t count = std::min(kImagesAtOnce, images - first);
    const auto block = outputs.features.subspan(first * width, count * width);
    for (const double length : residual_lengths(block, origin, residual)) lengths += length;
  }
  // Rounding alone leaves a length of some 1e-16 outside a space that holds all features.
  const double mean_length = lengths / static_cast<double>(images);
  require(mean_length > 1e-12 * values.front(),
          "the features of the training images have no more than {} dimensions, which leave "
          "nothing outside them",
          dimension);
  double largest = 0;
  for (std::size_t i = 0; i < images; ++i) {
    const auto classes = static_cast<std::size_t>(outputs.classes);
    largest += *std::ranges::max_element(outputs.logits.subspan(i * classes, classes));
  }
  return {.numbers = {{"origin", std::move(origin)},
                      {"residual", std::move(residual)},
                      {"alpha", {largest / lengths}}}};
}

void score(const NetworkOutputs& outputs, std::span<double> scores) {
  require_feature_rows(outputs, scores.size());
  const auto width = static_cast<std::size_t>(outputs.feature_count);
  const auto origin = fitted_numbers(outputs.fit, "origin", width);
  const auto residual =
      fitted_numbers(outputs.fit, "residual", width * (width - principal_dimension(outputs)));
  const double alpha = fitted_numbers(outputs.fit, "alpha", 1)[0];
  negative_energy(outputs.logits, outputs.classes, 1, scores);
  const std::vector<double> lengths = residual_lengths(outputs.features, origin, residual);
  for (std::size_t image = 0; image < scores.size(); ++image) {
    scores[image] -= alpha * lengths[image];
  }
}

}  // namespace

constexpr Detector detectors::kVim{
    .name = "vim",
    .title = "ViM",
    .heading = "ViM",
    .score_file = "Vim",
    .paper = "Wang, Li, Feng & Zhang, CVPR 2022, arXiv:2203.10807",
    .score = score,
    .fit = fit,
    .uses_features = true,
    .options = kOptions,
};

}  // namespace odin
