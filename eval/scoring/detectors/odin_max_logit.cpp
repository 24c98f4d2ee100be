// The maximum logit of an image that was perturbed as ODIN does, with the gradient of that score,
//
//   x' = x + magnitude sign(grad_x max_i f_i(x))
//   S  = max_i f_i(x')
//
// Liang, Li & Srikant, ICLR 2018, section 3, equation 2, with the score of Hendrycks et al., ICML
// 2022, section 3. The temperature changes nothing. The Scorer perturbs the images.
#include "eval/scoring/detectors/logit_rows.h"
#include "eval/scoring/detectors/registry.h"

namespace odin {
namespace {

void score(const NetworkOutputs& outputs, std::span<double> scores) {
  score_max_logit(outputs.perturbed_logits, outputs.classes, scores);
}

}  // namespace

constexpr Detector detectors::kOdinMaxLogit{
    .name = "odin_max_logit",
    .title = "ODIN max logit",
    .heading = "ODIN Max Logit",
    .score_file = "OdinMaxLogit",
    .paper = "Liang, Li & Srikant, ICLR 2018, with the score of Hendrycks et al., ICML 2022",
    .score = score,
    .uses_odin_parameters = true,
    .objective = OdinObjective::kMaxLogit,
};

}  // namespace odin
