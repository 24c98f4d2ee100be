// ASH-S: the energy of the logits of pruned and scaled features,
//
//   h'_k = h_k exp(sum(h) / sum(kept h)) if h_k is among the largest 10 %, else 0
//
//   S = log sum_j exp(w_j h' + b_j),    h the features before the classifier
//
// Djurisic, Bozanic, Ashok & Liu, "Extremely simple activation shaping for out-of-distribution
// detection", ICLR 2023, section 3, algorithm 3. Features of networks that end with a ReLU are not
// negative, as it assumes.
#include <cmath>

#include "eval/scoring/detectors/feature_rows.h"
#include "eval/scoring/detectors/pruning.h"
#include "eval/scoring/detectors/registry.h"

namespace odin {
namespace {

void shape(std::span<double> features, double percentile) {
  const Pruned pruned = prune(features, percentile);
  if (pruned.sum_after == 0) return;  // no feature is active
  const double factor = std::exp(pruned.sum_before / pruned.sum_after);
  for (const std::size_t place : pruned.kept) features[place] *= factor;
}

void score(const NetworkOutputs& outputs, std::span<double> scores) {
  shaped_energy(
      outputs, [&](auto features) { shape(features, outputs.option(0)); }, scores);
}

}  // namespace

constexpr Detector detectors::kAshS{
    .name = "ash_s",
    .title = "ASH-S",
    .heading = "ASH-S",
    .score_file = "AshS",
    .paper = "Djurisic, Bozanic, Ashok & Liu, ICLR 2023, arXiv:2209.09858",
    .score = score,
    .uses_features = true,
    .options = kAshOptions,
};

}  // namespace odin
