#include "eval/scoring/search_grid.h"

#include <tuple>

#include "kernels/error.h"

namespace odin {

SearchGrid paper_grid() {
  SearchGrid grid{{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000}, {}};
  // Quotients, so that a cell is exactly the number that a user types: 7 / 5000 is 0.0014.
  for (int i = 0; i <= 20; ++i) grid.magnitudes.push_back(i / 5000.0);
  return grid;
}

std::vector<OdinParameters> cells_of(const SearchGrid& grid) {
  std::vector<OdinParameters> cells;
  for (const double temperature : grid.temperatures) {
    for (const double magnitude : grid.magnitudes) cells.push_back({temperature, magnitude});
  }
  return cells;
}

std::size_t best_cell(const SearchGrid& grid, std::span<const Metrics> cells) {
  const std::vector<OdinParameters> parameters = cells_of(grid);
  require(!cells.empty() && cells.size() == parameters.size(),
          "a grid of {} cells needs as many results to choose from, but has {}", parameters.size(),
          cells.size());
  const auto worth = [&](std::size_t i) {
    require(cells[i].fpr_at_tpr95.has_value(), "cell {} of the search has no FPR", i);
    return std::tuple(-*cells[i].fpr_at_tpr95, cells[i].auroc, -parameters[i].magnitude,
                      parameters[i].temperature);
  };
  std::size_t best = 0;
  for (std::size_t i = 1; i < cells.size(); ++i) {
    if (worth(i) > worth(best)) best = i;
  }
  return best;
}

}  // namespace odin
