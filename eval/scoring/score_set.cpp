#include "eval/scoring/score_set.h"

#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "eval/data/batch_loader.h"
#include "kernels/error.h"

namespace odin {
namespace {

Scores score_batches(Scorer& scorer, const Dataset& images,
                     std::span<const OdinParameters> parameters, const ScoringOptions& options,
                     Progress& progress) {
  require(images.shape() == scorer.image_shape(),
          "the images of {} are {} x {} x {}, but the network takes {} x {} x {}", images.name(),
          images.shape().channels, images.shape().side, images.shape().side,
          scorer.image_shape().channels, scorer.image_shape().side, scorer.image_shape().side);
  BatchLoaderOptions loading;
  loading.batch_size = options.batch_size > 0 ? options.batch_size : scorer.preferred_batch();
  loading.threads = options.threads;
  loading.prepare = [&scorer](std::span<float> pixels) { scorer.normalise(pixels); };
  BatchLoader loader(images, loading);
  Scores scores;
  while (const std::optional<Batch> batch = loader.next()) {
    const std::span<const float> pixels{
        batch->images, static_cast<std::size_t>(batch->count * images.shape().elements())};
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

// Throws Error on every rank if any of them had a failure, with that of the first: otherwise the
// others would wait for its scores.
void share_failure(const Ranks& ranks, const std::string& failure) {
  // Ranks gather numbers, so each letter is one. A line ends each rank's sentence.
  std::vector<double> letters(failure.begin(), failure.end());
  if (!failure.empty()) letters.push_back('\n');
  std::string all;
  for (const double letter : ranks.gather(std::move(letters))) all += static_cast<char>(letter);
  if (!all.empty()) fail("{}", all.substr(0, all.find('\n')));
}

}  // namespace

Scores score_set(Scorer& scorer, const NamedDataset& set,
                 std::span<const OdinParameters> parameters, const ScoringOptions& options,
                 Progress& progress) {
  const Ranks alone;
  const Ranks& ranks = options.ranks ? *options.ranks : alone;
  const std::int64_t begin = set.images->size() * ranks.rank() / ranks.count();
  const std::int64_t end = set.images->size() * (ranks.rank() + 1) / ranks.count();
  Scores scores(parameters.size(), scorer.detectors());
  progress.start(set.display_name, end - begin);
  std::string failure;
  try {
    if (begin < end) {
      scores = score_batches(scorer, *subset(set.images, begin, end - begin), parameters, options,
                             progress);
    }
  } catch (const std::exception& error) {
    progress.finish("failed");
    if (ranks.count() == 1) throw;
    failure = error.what();
  }
  if (failure.empty()) progress.finish();
  if (ranks.count() > 1) {
    share_failure(ranks, failure);
    gather(ranks, scores);
  }
  return scores;
}

}  // namespace odin
