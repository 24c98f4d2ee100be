#include "eval/scoring/search.h"

#include <algorithm>
#include <exception>

#include "eval/scoring/detectors/registry.h"
#include "kernels/error.h"

namespace odin {
namespace {

// Scores of a detector and its variants follow each other. Those that could not be fitted are not
// among them.
std::vector<OptionSearch> search_options(const Scores& in, const Scores& out) {
  std::vector<OptionSearch> searches;
  for (const Detector* detector : in.detectors) {
    if (detector->uses_odin_parameters) continue;
    const Detector* const base = detector->variant_of ? detector->variant_of : detector;
    if (searches.empty() || searches.back().detector != base)
      searches.push_back({.detector = base});
    OptionSearch& search = searches.back();
    search.tried.push_back(detector);
    search.results.push_back(exact_metrics(in.of(*detector), out.of(*detector)));
  }
  for (OptionSearch& search : searches) search.best = best_option(search.results);
  return searches;
}

}  // namespace

std::vector<SearchResult> run_search(Scorer& scorer, const NamedDataset& in,
                                     const std::vector<NamedDataset>& out, const SearchGrid& grid,
                                     const ScoringOptions& options, Progress& progress) {
  const bool tunes_odin =
      std::ranges::find(scorer.detectors(), &detectors::kOdin) != scorer.detectors().end();
  const std::vector<OdinParameters> cells =
      tunes_odin ? cells_of(grid) : std::vector<OdinParameters>();
  const auto score = [&](const NamedDataset& set) {
    const NamedDataset held_out{fmt::format("{} (held-out images)", set.display_name), set.images};
    return score_set(scorer, held_out, cells, options, progress);
  };
  const Scores in_scores = score(in);
  std::vector<SearchResult> results;
  for (const NamedDataset& set : out) {
    SearchResult& result = results.emplace_back();
    result.out_set = set.display_name;
    result.in_images = in.images->size();
    result.out_images = set.images->size();
    result.grid = grid;
    try {
      const Scores out_scores = score(set);
      for (std::size_t i = 0; i < cells.size(); ++i) {
        result.cells.push_back(
            exact_metrics(in_scores.of(detectors::kOdin, i), out_scores.of(detectors::kOdin, i)));
      }
      if (tunes_odin) result.best = best_cell(grid, result.cells);
      result.options = search_options(in_scores, out_scores);
    } catch (const std::exception& error) {
      result.failure = error.what();
    }
  }
  if (!results.empty() &&
      std::ranges::none_of(results, [](const auto& result) { return result.failure.empty(); })) {
    fail("{}", results.front().failure);
  }
  return results;
}

}  // namespace odin
