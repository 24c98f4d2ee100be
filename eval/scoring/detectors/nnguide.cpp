// NNGuide: the energy of the logits, guided by the k nearest of a bank of training images,
//
//   S = E(x)  1/k  sum of the k largest E(x_b) cos(h, h_b)    with E = log sum_j exp(f_j), k = 10
//
// where the bank has 1 % of the training images, and h are the features before the classifier.
// Park, Jung & Teoh, "Nearest neighbor guidance for out-of-distribution detection", ICCV 2023,
// section 3, equations 4 to 6; the parameters are those of section 4.1. As for `knn`, cosines are
// those of h / (|h| + 1e-10). The paper draws the bank at random. Ours takes images at equal steps,
// and at least k. Fit: `bank` (rows, features), `norms` (rows), their |h|, and `energies` (rows).
#include <algorithm>
#include <cmath>
#include <numeric>

#include "eval/scoring/detectors/double_rows.h"
#include "eval/scoring/detectors/energy.h"
#include "eval/scoring/detectors/feature_rows.h"
#include "eval/scoring/detectors/nearest_rows.h"
#include "eval/scoring/detectors/registry.h"
#include "eval/scoring/detectors/training_checks.h"

namespace odin {
namespace {

constexpr double kShares[] = {5, 10};
constexpr double kNeighbours[] = {1, 5, 20, 50, 100};
constexpr DetectorOption kOptions[] = {
    {.name = "share", .value = 1, .least = 0.01, .most = 100, .grid = kShares},
    {.name = "neighbours",
     .value = 10,
     .least = 1,
     .most = 1e6,
     .whole = true,
     .grid = kNeighbours}};

DetectorFit fit(const TrainingOutputs& training) {
  const std::size_t images = count_training_images(training);
  const NetworkOutputs& outputs = training.outputs;
  const auto classes = static_cast<std::size_t>(outputs.classes);
  const auto width = static_cast<std::size_t>(outputs.feature_count);
  const auto neighbours = static_cast<std::size_t>(outputs.option(1));
  require_neighbours(neighbours, images);
  const double share = std::round(static_cast<double>(images) * outputs.option(0) / 100);
  const std::size_t rows = std::max(neighbours, static_cast<std::size_t>(share));
  std::vector<float> bank;
  std::vector<double> energies(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t image = row * images / rows;
    const auto features = outputs.features.subspan(image * width, width);
    bank.insert(bank.end(), features.begin(), features.end());
    negative_energy(outputs.logits.subspan(image * classes, classes), outputs.classes, 1,
                    {&energies[row], 1});
  }
  std::vector<double> norms = row_norms(bank, width);
  return {.numbers = {{"norms", std::move(norms)}, {"energies", std::move(energies)}},
          .features = {{"bank", std::move(bank)}}};
}

void score(const NetworkOutputs& outputs, std::span<double> scores) {
  require_feature_rows(outputs, scores.size());
  const auto width = static_cast<std::size_t>(outputs.feature_count);
  BankSearch search = search_of(outputs, static_cast<std::size_t>(outputs.option(1)));
  const auto energies = fitted_numbers(outputs.fit, "energies", search.norms.size());
  for (std::size_t b = 0; b < energies.size(); ++b) {
    search.scales.push_back(static_cast<float>(energies[b] * unit_scale(search.norms[b])));
    search.offsets.push_back(0);
    search.largest_value = std::max(search.largest_value, std::abs(energies[b]));
  }
  negative_energy(outputs.logits, outputs.classes, 1, scores);
  std::vector<double> values;
  for_nearest_rows(search, outputs.features, [&](std::size_t image, auto unit, auto places) {
    values.clear();
    for (const std::uint32_t place : places) {
      values.push_back(energies[place] * unit_scale(search.norms[place]) *
                       inner_product(unit, search.bank.subspan(place * width, width)));
    }
    // In one order, whatever the places.
    const auto end = values.begin() + static_cast<std::ptrdiff_t>(search.count);
    std::ranges::partial_sort(values, end, std::ranges::greater());
    scores[image] *= std::accumulate(values.begin(), end, 0.0) / static_cast<double>(search.count);
  });
}

}  // namespace

constexpr Detector detectors::kNnGuide{
    .name = "nnguide",
    .title = "NNGuide",
    .heading = "NNGuide",
    .score_file = "NnGuide",
    .paper = "Park, Jung & Teoh, ICCV 2023, arXiv:2309.14888",
    .score = score,
    .fit = fit,
    .uses_features = true,
    .options = kOptions,
};

}  // namespace odin
