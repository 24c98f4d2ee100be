#include "eval/scoring/scores.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "kernels/error.h"

namespace odin {
namespace {

// Gives every row of logits (n, classes) with its largest to `score_of`, whose results are the
// scores.
template <class ScoreOf>
void score_rows(std::span<const float> logits, int classes, std::span<double> scores,
                const ScoreOf& score_of) {
  require(classes > 0, "a score needs the logits of at least one class, not of {}", classes);
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
    scores[image] = score_of(row, static_cast<double>(*std::max_element(row.begin(), row.end())));
  }
}

void require_temperature(double temperature) {
  require(std::isfinite(temperature) && temperature > 0,
          "the temperature must be a positive number, not {}", temperature);
}

// sum_j exp((f_j - largest) / T). Relative to the largest logit no exponential overflows, and the
// winner's own is 1.
double sum_of_exponentials(std::span<const float> logits, double largest, double temperature) {
  double sum = 0;
  for (const float logit : logits) sum += std::exp((logit - largest) / temperature);
  return sum;
}

}  // namespace

void max_softmax(std::span<const float> logits, int classes, double temperature,
                 std::span<double> scores) {
  require_temperature(temperature);
  score_rows(logits, classes, scores, [&](std::span<const float> row, double largest) {
    return 1 / sum_of_exponentials(row, largest, temperature);
  });
}

double max_softmax(std::span<const float> logits, double temperature) {
  double score = 0;
  max_softmax(logits, static_cast<int>(logits.size()), temperature, {&score, 1});
  return score;
}

void max_logit(std::span<const float> logits, int classes, std::span<double> scores) {
  score_rows(logits, classes, scores,
             [](std::span<const float>, double largest) { return largest; });
}

void negative_energy(std::span<const float> logits, int classes, double temperature,
                     std::span<double> scores) {
  require_temperature(temperature);
  score_rows(logits, classes, scores, [&](std::span<const float> row, double largest) {
    return largest + temperature * std::log(sum_of_exponentials(row, largest, temperature));
  });
}

}  // namespace odin
