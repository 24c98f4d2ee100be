// ASH-P: the energy of the logits of pruned features,
//
//   h'_k = h_k if it is among the largest 10 % of the features before the classifier, else 0
//   S = log sum_j exp(w_j h' + b_j)
//
// Djurisic, Bozanic, Ashok & Liu, "Extremely simple activation shaping for out-of-distribution
// detection", ICLR 2023, section 3, algorithm 1. Features of networks that end with a ReLU are not
// negative, as it assumes.
#include "eval/scoring/detectors/feature_rows.h"
#include "eval/scoring/detectors/pruning.h"
#include "eval/scoring/detectors/registry.h"

namespace odin {
namespace {

void shape(std::span<double> features, double percentile) {
  prune(features, percentile);
}

void score(const NetworkOutputs& outputs, std::span<double> scores) {
  shaped_energy(
      outputs, [&](auto features) { shape(features, outputs.option(0)); }, scores);
}

}  // namespace

constexpr Detector detectors::kAshP{
    .name = "ash_p",
    .title = "ASH-P",
    .heading = "ASH-P",
    .score_file = "AshP",
    .paper = "Djurisic, Bozanic, Ashok & Liu, ICLR 2023, arXiv:2209.09858",
    .score = score,
    .uses_features = true,
    .options = kAshOptions,
};

}  // namespace odin
