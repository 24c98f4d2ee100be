// GradNorm: the L1 norm of the gradient, in the classifier's weights, of the divergence of the
// uniform distribution from the softmax p of the unchanged image. For a linear classifier of
// features h it is a product,
//
//   S = sum_j |p_j - 1 / classes|  sum_k |h_k|
//
// Huang, Geng & Li, "On the importance of gradients for detecting distributional shifts in the
// wild", NeurIPS 2021, section 4.2, equations 8 to 10; temperature 1. (The published code has this
// times the number of classes.)
#include <cmath>

#include "eval/scoring/detectors/feature_rows.h"
#include "eval/scoring/detectors/logit_rows.h"
#include "eval/scoring/detectors/registry.h"

namespace odin {
namespace {

double distance_from_uniform(std::span<const float> row, double largest) {
  const double sum = sum_of_exponentials(row, largest, 1);
  const double uniform = 1 / static_cast<double>(row.size());
  double distance = 0;
  for (const float logit : row) distance += std::abs(std::exp(logit - largest) / sum - uniform);
  return distance;
}

void score(const NetworkOutputs& outputs, std::span<double> scores) {
  score_logit_rows(outputs.logits, outputs.classes, scores, distance_from_uniform);
  require_feature_rows(outputs, scores.size());
  const auto width = static_cast<std::size_t>(outputs.feature_count);
  for (std::size_t image = 0; image < scores.size(); ++image) {
    double norm = 0;
    for (const float feature : outputs.features.subspan(image * width, width)) {
      norm += std::abs(static_cast<double>(feature));
    }
    scores[image] *= norm;
  }
}

}  // namespace

constexpr Detector detectors::kGradNorm{
    .name = "gradnorm",
    .title = "GradNorm",
    .heading = "GradNorm",
    .score_file = "GradNorm",
    .paper = "Huang, Geng & Li, NeurIPS 2021, arXiv:2110.00218",
    .score = score,
    .uses_features = true,
    .settings = "T = 1",
};

}  // namespace odin
