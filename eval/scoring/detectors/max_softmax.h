// The maximum softmax probability, the score of the baseline and of ODIN.
#pragma once

#include <span>

namespace odin {

// S = max_i exp(f_i / T) / sum_j exp(f_j / T) for logits f (n, classes), row-major, to scores (n).
//
// In double throughout: at T = 1000 every score is just above 1 / classes, where many would be
// equal in single precision. Logits of any size neither overflow nor lose precision.
//
// Throws Error if a logit is not finite, there is none, or the temperature is not positive.
void max_softmax(std::span<const float> logits, int classes, double temperature,
                 std::span<double> scores);

}  // namespace odin
