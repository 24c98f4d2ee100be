// The search for ODIN's two parameters on held-out images.
#pragma once

#include <vector>

#include "eval/scoring/score_set.h"
#include "eval/scoring/search_grid.h"

namespace odin {

// The scorer's detectors are those of detectors_to_search(). Tries every cell of the grid, for
// ODIN, and every variant of the other detectors on every out-of-distribution set against the
// in-distribution set, and chooses one of each for each set, by exact metrics. Every image costs
// one forward pass, one backward pass for each temperature (if the grid has a magnitude above 0),
// and one forward pass for each cell with a magnitude above 0. The in-distribution images are
// scored once for all sets. With a store in the options, an interrupted search resumes where it
// stopped. A set that fails does not take the others with it. Throws Error as score_set() does if
// the in-distribution set or all others fail.
std::vector<SearchResult> run_search(Scorer& scorer, const NamedDataset& in,
                                     const std::vector<NamedDataset>& out, const SearchGrid& grid,
                                     const ScoringOptions& options, Progress& progress);

}  // namespace odin
