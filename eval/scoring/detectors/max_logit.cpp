// The maximum logit of the unchanged image,
//
//   S = max_i f_i
//
// Hendrycks, Basart, Mazeika et al., "Scaling out-of-distribution detection for real-world
// settings", ICML 2022, section 3.
#include "eval/scoring/detectors/logit_rows.h"
#include "eval/scoring/detectors/registry.h"

namespace odin {
namespace {

void score(const NetworkOutputs& outputs, std::span<double> scores) {
  score_max_logit(outputs.logits, outputs.classes, scores);
}

}  // namespace

constexpr Detector detectors::kMaxLogit{
    .name = "max_logit",
    .title = "Max logit",
    .heading = "Max Logit",
    .score_file = "MaxLogit",
    .paper = "Hendrycks et al., ICML 2022, arXiv:1911.11132",
    .score = score,
};

}  // namespace odin
