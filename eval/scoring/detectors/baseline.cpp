// The baseline: the maximum softmax probability of the unchanged image,
//
//   S = max_i exp(f_i) / sum_j exp(f_j)
//
// Hendrycks & Gimpel, "A baseline for detecting misclassified and out-of-distribution examples in
// neural networks", ICLR 2017, section 2.
#include "eval/scoring/detectors/max_softmax.h"
#include "eval/scoring/detectors/registry.h"

namespace odin {
namespace {

void score(const NetworkOutputs& outputs, std::span<double> scores) {
  max_softmax(outputs.logits, outputs.classes, 1, scores);
}

}  // namespace

constexpr Detector detectors::kBaseline{
    .name = "baseline",
    .title = "Baseline",
    .heading = "Baseline",
    .score_file = "Base",
    .paper = "Hendrycks & Gimpel, ICLR 2017, arXiv:1610.02136",
    .score = score,
    .sweep = baseline_sweep,
};

}  // namespace odin
