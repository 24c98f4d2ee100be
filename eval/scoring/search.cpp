#include "eval/scoring/search.h"

namespace odin {

std::vector<SearchResult> run_search(Scorer& scorer, const Checkpoint& checkpoint,
                                     const BenchmarkSet& in, const std::vector<BenchmarkSet>& out,
                                     const SearchGrid& grid, const ScoringOptions& options,
                                     Progress& progress) {
  const std::vector<OdinParameters> cells = cells_of(grid);
  const auto score = [&](const BenchmarkSet& set) {
    const BenchmarkSet validation{fmt::format("{} (validation)", set.display_name), set.images};
    return score_set(scorer, checkpoint, validation, cells, options, progress).odin;
  };
  const std::vector<std::vector<double>> in_scores = score(in);
  std::vector<SearchResult> results;
  for (const BenchmarkSet& set : out) {
    const std::vector<std::vector<double>> out_scores = score(set);
    SearchResult& result = results.emplace_back();
    result.out_set = set.display_name;
    result.in_images = in.images->size();
    result.out_images = set.images->size();
    result.grid = grid;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      result.cells.push_back(exact_metrics(in_scores[i], out_scores[i]));
    }
    result.best = best_cell(grid, result.cells);
  }
  return results;
}

}  // namespace odin
