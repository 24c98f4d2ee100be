// A grid of ODIN's two parameters, and the results of a search on it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "eval/metrics/metrics.h"
#include "eval/scoring/option_search.h"
#include "eval/scoring/scorer.h"

namespace odin {

struct SearchGrid {
  std::vector<double> temperatures;
  std::vector<double> magnitudes;
};

// The grid of the paper (Liang et al. 2018, section 4.4): 10 temperatures from 1 to 1000, and 21
// magnitudes from 0 to 0.004.
SearchGrid paper_grid();

// Its cells, temperature by temperature.
std::vector<OdinParameters> cells_of(const SearchGrid& grid);

// The results on the held-out images of one out-of-distribution set.
struct SearchResult {
  std::string out_set;          // tuned on, as displayed
  std::int64_t in_images = 0;   // held-out images of the in-distribution set
  std::int64_t out_images = 0;  // and of the out-of-distribution set
  SearchGrid grid;
  std::vector<Metrics> cells;  // in the order of cells_of(); none where ODIN was not asked for
  std::size_t best = 0;        // the cell chosen
  std::vector<OptionSearch> options{};  // of each detector that has options to choose
  std::string failure{};  // why the set could not be scored, without cells and options; else empty

  // Only where there are cells.
  OdinParameters chosen() const { return cells_of(grid).at(best); }
};

// The cell with the least FPR at TPR 95 %, which is the paper's choice. Ties go to the greatest
// AUROC, then to the least magnitude, then to the greatest temperature. Throws Error if a cell is
// missing or its FPR is undefined.
std::size_t best_cell(const SearchGrid& grid, std::span<const Metrics> cells);

}  // namespace odin
