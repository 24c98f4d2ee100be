// ASH-B: the energy of the logits of binary features,
//
//   h'_k = sum(h) / m if h_k is among the m largest features before the classifier (10 %), else 0
//
//   S = log sum_j exp(w_j h' + b_j)
//
// Djurisic, Bozanic, Ashok & Liu, "Extremely simple activation shaping for out-of-distribution
// detection", ICLR 2023, section 3, algorithm 2. Features of networks that end with a ReLU are not
// negative, as it assumes.
#include "eval/scoring/detectors/feature_rows.h"
#include "eval/scoring/detectors/pruning.h"
#include "eval/scoring/detectors/registry.h"

namespace odin {
namespace {

void shape(std::span<double> features, double percentile) {
  const Pruned pruned = prune(features, percentile);
  const double value = pruned.sum_before / static_cast<double>(pruned.kept.size());
  for (const std::size_t place : pruned.kept) features[place] = value;
}

void score(const NetworkOutputs& outputs, std::span<double> scores) {
  shaped_energy(
      outputs, [&](auto features) { shape(features, outputs.option(0)); }, scores);
}

}  // namespace

constexpr Detector detectors::kAshB{
    .name = "ash_b",
    .title = "ASH-B",
    .heading = "ASH-B",
    .score_file = "AshB",
    .paper = "Djurisic, Bozanic, Ashok & Liu, ICLR 2023, arXiv:2209.09858",
    .score = score,
    .uses_features = true,
    .options = kAshOptions,
};

}  // namespace odin
