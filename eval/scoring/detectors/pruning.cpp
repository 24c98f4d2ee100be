#include "eval/scoring/detectors/pruning.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

namespace odin {

std::size_t kept_above(std::size_t count, double percentile) {
  const double pruned = std::nearbyint(static_cast<double>(count) * percentile / 100);
  return count - std::min(count, static_cast<std::size_t>(pruned));
}

std::vector<std::size_t> places_of_largest(std::span<const double> features, std::size_t keep) {
  std::vector<std::size_t> places;
  if (keep == 0) return places;
  if (keep >= features.size()) {
    places.resize(features.size());
    std::iota(places.begin(), places.end(), std::size_t{0});
    return places;
  }
  std::vector<double> values(features.begin(), features.end());
  const auto last = values.begin() + static_cast<std::ptrdiff_t>(keep - 1);
  std::nth_element(values.begin(), last, values.end(), std::greater<>());
  const double least = *last;
  const auto larger = static_cast<std::size_t>(
      std::count_if(values.begin(), last, [&](double v) { return v > least; }));
  std::size_t equal = keep - larger;  // of those that are equal to the least
  places.reserve(keep);
  for (std::size_t i = 0; i < features.size(); ++i) {
    if (features[i] < least) continue;
    if (features[i] == least && equal == 0) continue;
    if (features[i] == least) --equal;
    places.push_back(i);
  }
  return places;
}

Pruned find_kept(std::span<const double> features, double percentile) {
  Pruned pruned{.sum_before = std::accumulate(features.begin(), features.end(), 0.0)};
  pruned.kept = places_of_largest(features, kept_above(features.size(), percentile));
  for (const std::size_t place : pruned.kept) pruned.sum_after += features[place];
  return pruned;
}

Pruned prune(std::span<double> features, double percentile) {
  Pruned pruned = find_kept(features, percentile);
  std::vector<double> left(features.size(), 0.0);
  for (const std::size_t place : pruned.kept) left[place] = features[place];
  std::copy(left.begin(), left.end(), features.begin());
  return pruned;
}

}  // namespace odin
