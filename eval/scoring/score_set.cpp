#include "eval/scoring/score_set.h"

#include <utility>

namespace odin {
namespace {

void gather(const Ranks& ranks, Scores& scores) {
  for (std::vector<std::vector<double>>& detector : scores.per_detector) {
    for (std::vector<double>& values : detector) values = ranks.gather(std::move(values));
  }
  const std::vector<double> predictions =
      ranks.gather({scores.predictions.begin(), scores.predictions.end()});
  scores.predictions.assign(predictions.begin(), predictions.end());
}

}  // namespace

Scores score_set(Scorer& scorer, const NamedDataset& set,
                 std::span<const OdinParameters> parameters, const ScoringOptions& options,
                 Progress& progress) {
  Scores scores(parameters.size(), scorer.detectors());
  for_own_batches(scorer, set, options, progress, [&](std::span<const float> pixels) {
    scores.append(options.store ? options.store->score(scorer, pixels, parameters)
                                : scorer.score(pixels, parameters));
  });
  if (options.ranks != nullptr) gather(*options.ranks, scores);
  return scores;
}

}  // namespace odin
