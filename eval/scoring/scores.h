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

// Maximum logit, S = max_i f_i, of Hendrycks, Basart, Mazeika et al. ("Scaling out-of-distribution
// detection for real-world settings", ICML 2022): logits (n, classes) to scores (n). Throws Error
// as max_softmax() does.
void max_logit(std::span<const float> logits, int classes, std::span<double> scores);

// Negative free energy, S = T log sum_j exp(f_j / T), of Liu, Wang, Owens & Li ("Energy-based
// out-of-distribution detection", NeurIPS 2020, equation 4), who take T = 1: logits (n, classes) to
// scores (n). Throws Error as max_softmax() does.
void negative_energy(std::span<const float> logits, int classes, double temperature,
                     std::span<double> scores);

}  // namespace odin
