// SCALE: the energy of the logits of scaled features,
//
//   h' = h exp(sum(h) / sum(largest 15 % of h))    for the features h before the classifier
//   S = log sum_j exp(w_j h' + b_j)
//
// Xu, Chen, Franchi & Yao, "Scaling for training time and post-hoc out-of-distribution detection
// enhancement", ICLR 2024, section 4, equation 8; the percentile, 85, is the one of its experiments
// (section 5). Nothing is pruned.
#include <cmath>

#include "eval/scoring/detectors/feature_rows.h"
#include "eval/scoring/detectors/pruning.h"
#include "eval/scoring/detectors/registry.h"

namespace odin {
namespace {

constexpr double kGrid[] = {65, 70, 75, 80, 90, 95};
constexpr DetectorOption kOptions[] = {
    {.name = "percentile", .value = 85, .least = 0, .most = 99.9, .grid = kGrid}};

void shape(std::span<double> features, double percentile) {
  const Pruned kept = find_kept(features, percentile);
  if (kept.sum_after == 0) return;  // no feature is active
  const double factor = std::exp(kept.sum_before / kept.sum_after);
  for (double& feature : features) feature *= factor;
}

void score(const NetworkOutputs& outputs, std::span<double> scores) {
  shaped_energy(
      outputs, [&](auto features) { shape(features, outputs.option(0)); }, scores);
}

}  // namespace

constexpr Detector detectors::kScale{
    .name = "scale",
    .title = "SCALE",
    .heading = "SCALE",
    .score_file = "Scale",
    .paper = "Xu, Chen, Franchi & Yao, ICLR 2024, arXiv:2310.00227",
    .score = score,
    .uses_features = true,
    .options = kOptions,
};

}  // namespace odin
