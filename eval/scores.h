// Detection scores from logits: the higher the score, the more an image looks in-distribution.
#pragma once

#include <span>

namespace odin {

// Maximum softmax probability, S = max_i exp(f_i / T) / sum_j exp(f_j / T), of Hendrycks & Gimpel
// ("A baseline for detecting misclassified and out-of-distribution examples in neural networks",
// ICLR 2017) at T = 1 and of ODIN (Liang, Li & Srikant, ICLR 2018, section 3) at a high T.
//
// In double throughout: at T = 1000 every score lies just above 1 / classes, where single precision
// would make many equal. Logits of any size neither overflow nor lose precision.
//
// Throws Error where a logit is not finite, there is none, or the temperature is not positive.
double max_softmax(std::span<const float> logits, double temperature);

// The same for a batch: logits (n, classes), row-major, to scores (n).
void max_softmax(std::span<const float> logits, int classes, double temperature,
                 std::span<double> scores);

}  // namespace odin
