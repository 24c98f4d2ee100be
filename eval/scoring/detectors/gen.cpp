// The generalised entropy of the M largest softmax probabilities p of the unchanged image,
//
//   S = -sum_{j in the M largest} p_j^gamma (1 - p_j)^gamma    with gamma = 0.1, M = 100 or all classes if fewer
//
// Liu, Lochman & Zach, "GEN: Pushing the limits of softmax-based out-of-distribution detection", CVPR 2023, section
// 3.2, equation 3; the parameters are those of section 4.
#include <cmath>
#include <functional>
#include <vector>

#include "eval/scoring/detectors/logit_rows.h"
#include "eval/scoring/detectors/registry.h"

namespace odin {
namespace {

constexpr double kGamma = 0.1;
constexpr std::size_t kLargest = 100;

// p_j and 1 - p_j, each to full precision: exp(f_j - largest) / Z, and the others' share.
double term(double power, double sum) {
  const double others = sum - power;
  return std::pow(power / sum, kGamma) * std::pow(others / sum, kGamma);
}

double score_row(std::span<const float> row, double largest, std::vector<double>& powers) {
  powers.clear();
  double others = 0;  // all powers but one of the largest logit, which is 1
  bool skipped = false;
  for (const float logit : row) {
    powers.push_back(std::exp(logit - largest));
    if (!skipped && logit == largest) {
      skipped = true;
    } else {
      others += powers.back();
    }
  }
  const double sum = 1 + others;
  const std::size_t count = std::min(kLargest, powers.size());
  std::partial_sort(powers.begin(), powers.begin() + static_cast<std::ptrdiff_t>(count),
                    powers.end(), std::greater<>());
  // The largest one's 1 - p would vanish in `sum - power` where the network is sure.
  double entropy = std::pow(1 / sum, kGamma) * std::pow(others / sum, kGamma);
  for (std::size_t j = 1; j < count; ++j) entropy += term(powers[j], sum);
  return -entropy;
}

void score(const NetworkOutputs& outputs, std::span<double> scores) {
  std::vector<double> powers;
  score_logit_rows(
      outputs.logits, outputs.classes, scores,
      [&](std::span<const float> row, double largest) { return score_row(row, largest, powers); });
}

}  // namespace

constexpr Detector detectors::kGen{
    .name = "gen",
    .title = "GEN",
    .heading = "GEN",
    .score_file = "Gen",
    .paper = "Liu, Lochman & Zach, CVPR 2023",
    .score = score,
    .settings = "gamma = 0.1, M = 100",
};

}  // namespace odin
