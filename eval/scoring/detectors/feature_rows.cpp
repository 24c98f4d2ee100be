#include "eval/scoring/detectors/feature_rows.h"

#include <algorithm>
#include <cmath>

#include "eval/scoring/detectors/double_rows.h"
#include "eval/scoring/detectors/logit_rows.h"
#include "kernels/error.h"

namespace odin {

void require_feature_rows(const NetworkOutputs& outputs, std::size_t images) {
  const auto classes = static_cast<std::size_t>(outputs.classes);
  const auto width = static_cast<std::size_t>(outputs.feature_count);
  require(width > 0 && outputs.features.size() == images * width,
          "{} scores of {} features need {} values, but {} were given", images, width,
          images * width, outputs.features.size());
  require(outputs.weights.size() == classes * width && outputs.bias.size() == classes,
          "{} weights and {} biases are not those of {} classes and {} features",
          outputs.weights.size(), outputs.bias.size(), classes, width);
  const auto wrong =
      std::ranges::find_if_not(outputs.features, [](float value) { return std::isfinite(value); });
  require(wrong == outputs.features.end(),
          "a feature of image {} of the batch is not finite: check the weights",
          static_cast<std::size_t>(wrong - outputs.features.begin()) / width);
}

std::vector<double> feature_rows(const NetworkOutputs& outputs, std::size_t images) {
  require_feature_rows(outputs, images);
  return {outputs.features.begin(), outputs.features.end()};
}

void energy_of_rows(std::span<const double> rows, std::span<const double> weights,
                    std::span<const float> bias, std::span<double> scores) {
  const std::vector<double> offsets(bias.begin(), bias.end());
  std::vector<double> logits(scores.size() * offsets.size());
  multiply_rows(rows, weights, offsets, logits);
  for (std::size_t image = 0; image < scores.size(); ++image) {
    const auto row = std::span(logits).subspan(image * offsets.size(), offsets.size());
    const double largest = *std::ranges::max_element(row);
    scores[image] = largest + std::log(sum_of_exponentials(row, largest, 1));
    require(std::isfinite(scores[image]),
            "the features of image {} of the batch, once changed, give no finite score", image);
  }
}

void shaped_energy(const NetworkOutputs& outputs, const ShapeFeatures& shape,
                   std::span<double> scores) {
  std::vector<double> rows = feature_rows(outputs, scores.size());
  const auto width = static_cast<std::size_t>(outputs.feature_count);
  for (std::size_t image = 0; image < scores.size(); ++image) {
    shape(std::span(rows).subspan(image * width, width));
  }
  energy_of_rows(rows, transposed(outputs.weights, width), outputs.bias, scores);
}

}  // namespace odin
