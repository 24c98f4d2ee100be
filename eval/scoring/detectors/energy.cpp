// The negative free energy of the unchanged image,
//
//   S = T log sum_j exp(f_j / T)    with T = 1
//
// Liu, Wang, Owens & Li, "Energy-based out-of-distribution detection", NeurIPS 2020, section 3.1,
// equation 4.
#include "eval/scoring/detectors/energy.h"

#include "eval/scoring/detectors/logit_rows.h"
#include "eval/scoring/detectors/registry.h"

namespace odin {
namespace {

void score(const NetworkOutputs& outputs, std::span<double> scores) {
  negative_energy(outputs.logits, outputs.classes, 1, scores);
}

}  // namespace

void negative_energy(std::span<const float> logits, int classes, double temperature,
                     std::span<double> scores) {
  require_temperature(temperature);
  score_logit_rows(logits, classes, scores, [&](std::span<const float> row, double largest) {
    return largest + temperature * std::log(sum_of_exponentials(row, largest, temperature));
  });
}

constexpr Detector detectors::kEnergy{
    .name = "energy",
    .title = "Energy",
    .heading = "Energy",
    .score_file = "Energy",
    .paper = "Liu, Wang, Owens & Li, NeurIPS 2020, arXiv:2010.03759",
    .score = score,
    .settings = "T = 1",
};

}  // namespace odin
