#include "eval/scoring/search.h"

#include <algorithm>
#include <exception>

#include "eval/scoring/detectors/registry.h"
#include "kernels/error.h"

namespace odin {

std::vector<SearchResult> run_search(Scorer& scorer, const NamedDataset& in,
                                     const std::vector<NamedDataset>& out, const SearchGrid& grid,
                                     const ScoringOptions& options, Progress& progress) {
  const std::vector<OdinParameters> cells = cells_of(grid);
  const auto score = [&](const NamedDataset& set) {
    const NamedDataset held_out{fmt::format("{} (held-out images)", set.display_name), set.images};
    return score_set(scorer, held_out, cells, options, progress).per_parameters(detectors::kOdin);
  };
  const std::vector<std::vector<double>> in_scores = score(in);
  std::vector<SearchResult> results;
  for (const NamedDataset& set : out) {
    SearchResult& result = results.emplace_back();
    result.out_set = set.display_name;
    result.in_images = in.images->size();
    result.out_images = set.images->size();
    result.grid = grid;
    std::vector<std::vector<double>> out_scores;
    try {
      out_scores = score(set);
    } catch (const std::exception& error) {
      result.failure = error.what();
      continue;
    }
    for (std::size_t i = 0; i < cells.size(); ++i) {
      result.cells.push_back(exact_metrics(in_scores[i], out_scores[i]));
    }
    result.best = best_cell(grid, result.cells);
  }
  if (!results.empty() &&
      std::ranges::none_of(results, [](const auto& result) { return result.failure.empty(); })) {
    fail("{}", results.front().failure);
  }
  return results;
}

}  // namespace odin
