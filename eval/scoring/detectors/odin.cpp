// ODIN: the maximum softmax probability, at a high temperature T, of the perturbed image,
//
//   x' = x - magnitude sign(-grad_x log S_max(x; T))
//   S  = max_i exp(f_i(x') / T) / sum_j exp(f_j(x') / T)
//
// Liang, Li & Srikant, "Enhancing the reliability of out-of-distribution image detection in neural
// networks", ICLR 2018, section 3, equations 1 and 2. The Scorer perturbs the images.
#include "eval/scoring/detectors/max_softmax.h"
#include "eval/scoring/detectors/registry.h"

namespace odin {
namespace {

void score(const NetworkOutputs& outputs, std::span<double> scores) {
  max_softmax(outputs.perturbed_logits, outputs.classes, outputs.parameters.temperature, scores);
}

}  // namespace

constexpr Detector detectors::kOdin{
    .name = "odin",
    .title = "ODIN",
    .heading = "Our Method",
    .score_file = "Our",
    .paper = "Liang, Li & Srikant, ICLR 2018, arXiv:1706.02690",
    .score = score,
    .uses_odin_parameters = true,
    .sweep = odin_sweep,
};

}  // namespace odin
