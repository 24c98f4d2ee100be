// The negative free energy, the score of `energy` and `odin_energy`.
#pragma once

#include <span>

namespace odin {

// S = T log sum_j exp(f_j / T) for logits f (n, classes), row-major, to scores (n). Throws Error if
// a logit is not finite, there is none, or the temperature is not positive.
void negative_energy(std::span<const float> logits, int classes, double temperature,
                     std::span<double> scores);

}  // namespace odin
