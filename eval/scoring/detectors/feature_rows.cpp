#include "eval/scoring/detectors/feature_rows.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "eval/scoring/detectors/logit_rows.h"
#include "kernels/error.h"

namespace odin {

void for_feature_rows(const NetworkOutputs& outputs, std::size_t images,
                      const std::function<void(std::size_t image, std::span<double> row)>& use) {
  const auto classes = static_cast<std::size_t>(outputs.classes);
  const auto width = static_cast<std::size_t>(outputs.feature_count);
  require(width > 0 && outputs.features.size() == images * width,
          "{} scores of {} features need {} values, but {} were given", images, width,
          images * width, outputs.features.size());
  require(outputs.weights.size() == classes * width && outputs.bias.size() == classes,
          "{} weights and {} biases are not those of {} classes and {} features",
          outputs.weights.size(), outputs.bias.size(), classes, width);
  std::vector<double> row(width);
  for (std::size_t image = 0; image < images; ++image) {
    const auto features = outputs.features.subspan(image * width, width);
    require(std::ranges::all_of(features, [](float value) { return std::isfinite(value); }),
            "a feature of image {} of the batch is not finite: check the weights", image);
    std::copy(features.begin(), features.end(), row.begin());
    use(image, row);
  }
}

void shaped_energy(const NetworkOutputs& outputs, const ShapeFeatures& shape,
                   std::span<double> scores) {
  std::vector<double> logits(static_cast<std::size_t>(outputs.classes));
  for_feature_rows(outputs, scores.size(), [&](std::size_t image, std::span<double> row) {
    shape(row);
    for (std::size_t c = 0; c < logits.size(); ++c) {
      const auto weights = outputs.weights.subspan(c * row.size(), row.size());
      logits[c] = std::inner_product(row.begin(), row.end(), weights.begin(),
                                     static_cast<double>(outputs.bias[c]));
    }
    const double largest = *std::ranges::max_element(logits);
    scores[image] = largest + std::log(sum_of_exponentials(logits, largest, 1));
    require(std::isfinite(scores[image]),
            "the features of image {} of the batch, once changed, give no finite score", image);
  });
}

}  // namespace odin
