// The distribution of the scores of two sets, for drawing.
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

// The bins leave out 0.2 % of all finite scores at either end, so that a few outliers do not
// squeeze the rest into one bin. Scores outside the bins count in the outermost bin. If all scores
// in between are equal, the bins are centred on them. Each set's shares sum to 1. Throws Error as
// exact_metrics() does, and for no bins.
ScoreHistogram score_histogram(std::span<const double> in, std::span<const double> out,
                               std::size_t bins);

}  // namespace odin
