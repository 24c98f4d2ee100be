// Pruning of activations, which ASH and SCALE share.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "eval/scoring/detector_option.h"

namespace odin {

// What ASH prunes, in percent of the features. The default lies in the range of the paper's choices
// for CIFAR, 80 to 95.
inline constexpr double kAshGrid[] = {60, 65, 70, 75, 80, 85, 95};
inline constexpr DetectorOption kAshOptions[] = {
    {.name = "percentile", .value = 90, .least = 0, .most = 99.9, .grid = kAshGrid}};

// How many of `count` features are kept when those below the percentile are pruned: count -
// round(count percentile / 100), halves to even, as in the code published with ASH and SCALE.
std::size_t kept_above(std::size_t count, double percentile);

// The places of the `keep` largest features, the first ones of equal ones, in rising order.
std::vector<std::size_t> places_of_largest(std::span<const double> features, std::size_t keep);

struct Pruned {
  double sum_before = 0;            // of all features
  double sum_after = 0;             // of those that are kept
  std::vector<std::size_t> kept{};  // their places
};

// What pruning keeps. The features stay as they are.
Pruned find_kept(std::span<const double> features, double percentile);

// The same, and sets the others to zero.
Pruned prune(std::span<double> features, double percentile);

}  // namespace odin
