// What detectors that read logits share.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

#include "kernels/error.h"

namespace odin {

// Calls `score_of` with every row of logits (n, classes) and its largest logit, for the image's
// score. Throws Error if a logit is not finite, if there is no class, and if the numbers of logits
// and scores do not fit.
template <class ScoreOf>
void score_logit_rows(std::span<const float> logits, int classes, std::span<double> scores,
                      const ScoreOf& score_of) {
  require(classes > 0, "a score needs the logits of at least one class, but there are {}", classes);
  const auto width = static_cast<std::size_t>(classes);
  require(logits.size() == scores.size() * width,
          "{} scores of {} classes need {} logits, but {} were given", scores.size(), classes,
          scores.size() * width, logits.size());
  for (std::size_t image = 0; image < scores.size(); ++image) {
    const auto row = logits.subspan(image * width, width);
    for (std::size_t i = 0; i < width; ++i) {
      require(std::isfinite(row[i]),
              "logit {} of image {} of the batch is {}, but scores need finite logits: check the "
              "weights and the magnitude",
              i, image, row[i]);
    }
    scores[image] = score_of(row, static_cast<double>(*std::max_element(row.begin(), row.end())));
  }
}

// S = max_i f_i
inline void score_max_logit(std::span<const float> logits, int classes, std::span<double> scores) {
  score_logit_rows(logits, classes, scores,
                   [](std::span<const float>, double largest) { return largest; });
}

// The predicted class of a row with this largest logit: the first one that has it.
inline std::size_t place_of_largest(std::span<const float> row, double largest) {
  return static_cast<std::size_t>(std::ranges::find(row, largest) - row.begin());
}

inline void require_temperature(double temperature) {
  require(std::isfinite(temperature) && temperature > 0,
          "the temperature must be a positive number, but is {}", temperature);
}

// sum_j exp((f_j - largest) / T). Relative to the largest logit no exponential overflows, and the
// largest logit's own is 1.
// `Logits` is a range of floats or doubles.
template <class Logits>
double sum_of_exponentials(const Logits& logits, double largest, double temperature) {
  double sum = 0;
  for (const auto logit : logits) sum += std::exp((logit - largest) / temperature);
  return sum;
}

}  // namespace odin
