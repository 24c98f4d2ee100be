#include "eval/scores.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "kernels/error.h"

namespace odin {

void max_softmax(std::span<const float> logits, int classes, double temperature,
                 std::span<double> scores) {
  require(classes > 0, "a score needs the logits of at least one class, not of {}", classes);
  require(std::isfinite(temperature) && temperature > 0,
          "the temperature must be a positive number, not {}", temperature);
  const auto width = static_cast<std::size_t>(classes);
  require(logits.size() == scores.size() * width,
          "{} scores of {} classes need {} logits, but {} were given", scores.size(), classes,
          scores.size() * width, logits.size());
  for (std::size_t image = 0; image < scores.size(); ++image) {
    const auto row = logits.subspan(image * width, width);
    for (std::size_t i = 0; i < width; ++i) {
      require(std::isfinite(row[i]),
              "logit {} of image {} of the batch is {}, where scores need finite ones; check the "
              "weights and the magnitude",
              i, image, row[i]);
    }
    // Relative to the largest logit no exponential overflows, and the winner's own is 1.
    const double largest = *std::max_element(row.begin(), row.end());
    double sum = 0;
    for (const float logit : row) sum += std::exp((logit - largest) / temperature);
    scores[image] = 1 / sum;
  }
}

double max_softmax(std::span<const float> logits, double temperature) {
  double score = 0;
  max_softmax(logits, static_cast<int>(logits.size()), temperature, {&score, 1});
  return score;
}

}  // namespace odin
