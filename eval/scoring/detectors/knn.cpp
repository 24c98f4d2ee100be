// k nearest neighbours: the negative distance of the normalised features z = h / |h| of the image
// from their k-th nearest neighbour among the training images,
//
//   S = -|z - z_(k)|    with k = 50
//
// Sun, Ming, Zhu & Li, "Out-of-distribution detection with deep nearest neighbors", ICML 2022,
// section 3, equation 1; k is the one of its experiments on CIFAR-10 (section 4.1). As in the
// published code z is h / (|h| + 1e-10). (That code has the squared distance, from single
// precision.) Fit: `bank` (images, features), and `norms` (images), their |h|.
#include <algorithm>
#include <cmath>

#include "eval/scoring/detectors/double_rows.h"
#include "eval/scoring/detectors/feature_rows.h"
#include "eval/scoring/detectors/nearest_rows.h"
#include "eval/scoring/detectors/registry.h"
#include "eval/scoring/detectors/training_checks.h"

namespace odin {
namespace {

constexpr double kGrid[] = {1, 5, 10, 20, 100, 200, 500};
constexpr DetectorOption kOptions[] = {
    {.name = "neighbours", .value = 50, .least = 1, .most = 1e6, .whole = true, .grid = kGrid}};

DetectorFit fit(const TrainingOutputs& training) {
  const std::size_t images = count_training_images(training);
  const NetworkOutputs& outputs = training.outputs;
  require_neighbours(static_cast<std::size_t>(outputs.option(0)), images);
  return {.numbers = {{"norms", row_norms(outputs.features,
                                          static_cast<std::size_t>(outputs.feature_count))}},
          .features = {{"bank", {outputs.features.begin(), outputs.features.end()}}}};
}

void score(const NetworkOutputs& outputs, std::span<double> scores) {
  require_feature_rows(outputs, scores.size());
  const auto width = static_cast<std::size_t>(outputs.feature_count);
  BankSearch search = search_of(outputs, static_cast<std::size_t>(outputs.option(0)));
  // -|z - z_b|^2 = 2 z . z_b - |z_b|^2 - |z|^2, the last of which is the same for every b.
  for (const double norm : search.norms) {
    const double scale = unit_scale(norm);
    search.scales.push_back(static_cast<float>(2 * scale));
    search.offsets.push_back(static_cast<float>(-(scale * norm) * (scale * norm)));
  }
  search.largest_value = 3;
  std::vector<double> distances;
  for_nearest_rows(search, outputs.features, [&](std::size_t image, auto unit, auto places) {
    distances.clear();
    for (const std::uint32_t place : places) {
      distances.push_back(squared_distance(unit, search.bank.subspan(place * width, width),
                                           unit_scale(search.norms[place])));
    }
    const auto kth = distances.begin() + static_cast<std::ptrdiff_t>(search.count - 1);
    std::ranges::nth_element(distances, kth);
    scores[image] = -std::sqrt(*kth);
  });
}

}  // namespace

constexpr Detector detectors::kKnn{
    .name = "knn",
    .title = "k nearest neighbours",
    .heading = "KNN",
    .score_file = "Knn",
    .paper = "Sun, Ming, Zhu & Li, ICML 2022, arXiv:2204.06507",
    .score = score,
    .fit = fit,
    .uses_features = true,
    .options = kOptions,
};

}  // namespace odin
