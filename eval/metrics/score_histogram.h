// How the scores of two sets are spread, for drawing.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace odin {

// The share of each set's images in bins of equal width that both sets share.
struct ScoreHistogram {
  double begin = 0;  // where the first bin begins
  double end = 1;    // where the last one ends
  std::vector<double> in;
  std::vector<double> out;  // as many
};

// The bins reach from the score that 0.2 % of all finite scores lie below to that which 0.2 % lie
// above, so that a few far away do not squeeze the rest into one bin; what lies outside counts in
// the outermost bins. Where all those scores are equal they lie in the middle of the bins. Each
// set's shares sum to 1. Throws Error as exact_metrics() does, and for no bins.
ScoreHistogram score_histogram(std::span<const double> in, std::span<const double> out,
                               std::size_t bins);

}  // namespace odin
