// The negative entropy of the softmax p of the unchanged image at temperature 1,
//
//   S = sum_j p_j log p_j,    from -log(classes), when all classes are equally likely, to 0
//
// In this form used as a baseline by Hendrycks, Mazeika & Dietterich, "Deep anomaly detection with outlier exposure",
// ICLR 2019, section 3, and by later comparisons.
#include "eval/scoring/detectors/logit_rows.h"
#include "eval/scoring/detectors/registry.h"

namespace odin {
namespace {

void score(const NetworkOutputs& outputs, std::span<double> scores) {
  score_logit_rows(outputs.logits, outputs.classes, scores,
                   [](std::span<const float> row, double largest) {
                     // With e_j = exp(f_j - largest) and their sum Z: log p_j = f_j - largest - log Z.
                     double sum = 0;
                     double weighted = 0;
                     for (const float logit : row) {
                       const double difference = logit - largest;
                       const double power = std::exp(difference);
                       sum += power;
                       if (power > 0) weighted += power * difference;
                     }
                     return weighted / sum - std::log(sum);
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
