// The negative free energy of an image that was perturbed as ODIN does, with the gradient of that
// score,
//
//   x' = x + magnitude sign(grad_x E(x))
//   S  = E(x')    with E(x) = T log sum_j exp(f_j(x) / T)
//
// Liang, Li & Srikant, ICLR 2018, section 3, equation 2, with the score of Liu, Wang, Owens & Li,
// NeurIPS 2020, section 3.1, equation 4, who take T = 1. At ODIN's T = 1000 the score is little
// else than the mean of the logits, and separates less. The Scorer perturbs the images.
#include "eval/scoring/detectors/energy.h"
#include "eval/scoring/detectors/registry.h"

namespace odin {
namespace {

void score(const NetworkOutputs& outputs, std::span<double> scores) {
  negative_energy(outputs.perturbed_logits, outputs.classes, outputs.parameters.temperature,
                  scores);
}

}  // namespace

constexpr Detector detectors::kOdinEnergy{
    .name = "odin_energy",
    .title = "ODIN energy",
    .heading = "ODIN Energy",
    .score_file = "OdinEnergy",
    .paper =
        "Liang, Li & Srikant, ICLR 2018, with the score of Liu, Wang, Owens & Li, NeurIPS 2020",
    .score = score,
    .uses_odin_parameters = true,
    .objective = OdinObjective::kEnergy,
};

}  // namespace odin
