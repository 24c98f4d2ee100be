#include "eval/scoring/detectors/pruning.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace odin {

std::size_t kept_above(std::size_t count, double percentile) {
  const double pruned = std::nearbyint(static_cast<double>(count) * percentile / 100);
  return count - std::min(count, static_cast<std::size_t>(pruned));
}

std::vector<std::size_t> places_of_largest(std::span<const double> features, std::size_t keep) {
  std::vector<std::size_t> places(features.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  const auto end = places.begin() + static_cast<std::ptrdiff_t>(std::min(keep, places.size()));
  std::partial_sort(places.begin(), end, places.end(), [&](std::size_t a, std::size_t b) {
    return features[a] != features[b] ? features[a] > features[b] : a < b;
  });
  places.erase(end, places.end());
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
