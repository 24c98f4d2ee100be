// The generalised entropy of the M largest softmax probabilities p of the unchanged image,
//
//   S = -sum_{j in the M largest} p_j^gamma (1 - p_j)^gamma    with gamma = 0.1, M = 100 or all
//   classes if fewer
//
// Liu, Lochman & Zach, "GEN: Pushing the limits of softmax-based out-of-distribution detection",
// CVPR 2023, section 3.2, equation 3; the parameters are those of section 4.
#include <cmath>
#include <functional>
#include <vector>

#include "eval/scoring/detectors/logit_rows.h"
#include "eval/scoring/detectors/registry.h"

namespace odin {
namespace {

constexpr double kGammas[] = {0.01, 0.05, 0.2, 0.5, 0.9};
constexpr double kCounts[] = {10, 50};
constexpr DetectorOption kOptions[] = {
    {.name = "gamma", .value = 0.1, .least = 0.001, .most = 0.999, .grid = kGammas},
    {.name = "largest", .value = 100, .least = 1, .most = 1e6, .whole = true, .grid = kCounts}};

// p_j and 1 - p_j, each to full precision: exp(f_j - largest) / Z, and the others' share.
double term(double power, double sum, double gamma) {
  const double others = sum - power;
  return std::pow(power / sum, gamma) * std::pow(others / sum, gamma);
}

double score_row(std::span<const float> row, double largest, double gamma, std::size_t most,
                 std::vector<double>& powers) {
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
  const std::size_t count = std::min(most, powers.size());
  std::partial_sort(powers.begin(), powers.begin() + static_cast<std::ptrdiff_t>(count),
                    powers.end(), std::greater<>());
  // The largest one's 1 - p would vanish in `sum - power` where the network is sure.
  double entropy = std::pow(1 / sum, gamma) * std::pow(others / sum, gamma);
  for (std::size_t j = 1; j < count; ++j) entropy += term(powers[j], sum, gamma);
  return -entropy;
}

void score(const NetworkOutputs& outputs, std::span<double> scores) {
  const double gamma = outputs.option(0);
  const auto most = static_cast<std::size_t>(outputs.option(1));
  std::vector<double> powers;
  score_logit_rows(outputs.logits, outputs.classes, scores,
                   [&](std::span<const float> row, double largest) {
                     return score_row(row, largest, gamma, most, powers);
                   });
}

}  // namespace

constexpr Detector detectors::kGen{
    .name = "gen",
    .title = "GEN",
    .heading = "GEN",
    .score_file = "Gen",
    .paper = "Liu, Lochman & Zach, CVPR 2023",
    .score = score,
    .options = kOptions,
};

}  // namespace odin
