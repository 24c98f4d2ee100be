// The negative entropy of the softmax p of the unchanged image at temperature 1,
//
//   S = sum_j p_j log p_j,    from -log(classes), when all classes are equally likely, to 0
//
// In this form used as a baseline by Hendrycks, Mazeika & Dietterich, "Deep anomaly detection with
// outlier exposure", ICLR 2019, section 3, and by later comparisons.
#include "eval/scoring/detectors/logit_rows.h"
#include "eval/scoring/detectors/registry.h"

namespace odin {
namespace {

void score(const NetworkOutputs& outputs, std::span<double> scores) {
  score_logit_rows(outputs.logits, outputs.classes, scores,
                   [](std::span<const float> row, double largest) {
                     // With e_j = exp(f_j - largest) and their sum Z: log p_j = f_j - largest - log
                     // Z. The largest one's e_j is 1, beside which the others vanish where the
                     // network is sure.
                     const std::size_t place = place_of_largest(row, largest);
                     double others = 0;
                     double weighted = 0;
                     for (std::size_t j = 0; j < row.size(); ++j) {
                       const double difference = row[j] - largest;
                       const double power = std::exp(difference);
                       if (j != place) others += power;
                       if (power > 0) weighted += power * difference;
                     }
                     return weighted / (1 + others) - std::log1p(others);
                   });
}

}  // namespace

constexpr Detector detectors::kEntropy{
    .name = "entropy",
    .title = "Entropy",
    .heading = "Entropy",
    .score_file = "Entropy",
    .paper = "Hendrycks, Mazeika & Dietterich, ICLR 2019, arXiv:1812.04606",
    .score = score,
};

}  // namespace odin
