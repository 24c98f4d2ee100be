#include "eval/scoring/score_set.h"

#include <optional>

#include "eval/data/batch_loader.h"

namespace odin {
namespace {

Scores score_batches(Scorer& scorer, const Dataset& images,
                     std::span<const OdinParameters> parameters, const ScoringOptions& options,
                     Progress& progress) {
  BatchLoaderOptions loading;
  loading.batch_size = options.batch_size > 0 ? options.batch_size : scorer.preferred_batch();
  loading.threads = options.threads;
  loading.prepare = [&scorer](std::span<float> pixels) { scorer.normalise(pixels); };
  BatchLoader loader(images, loading);
  Scores scores;
  while (const std::optional<Batch> batch = loader.next()) {
    const std::span<const float> pixels{batch->images,
                                        static_cast<std::size_t>(batch->count * kImageElements)};
    scores.append(options.store ? options.store->score(scorer, pixels, parameters)
                                : scorer.score(pixels, parameters));
    progress.update(batch->begin + batch->count);
  }
  return scores;
}

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
  const Ranks alone;
  const Ranks& ranks = options.ranks ? *options.ranks : alone;
  const std::int64_t begin = set.images->size() * ranks.rank() / ranks.count();
  const std::int64_t end = set.images->size() * (ranks.rank() + 1) / ranks.count();
  Scores scores(parameters.size());
  progress.start(set.display_name, end - begin);
  if (begin < end) {
    scores = score_batches(scorer, *subset(set.images, begin, end - begin), parameters, options,
                           progress);
  }
  progress.finish();
  if (ranks.count() > 1) gather(ranks, scores);
  return scores;
}

}  // namespace odin
