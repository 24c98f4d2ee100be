#include "eval/scoring/own_batches.h"

#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "eval/data/batch_loader.h"
#include "kernels/error.h"

namespace odin {
namespace {

void for_batches(const Scorer& scorer, const Dataset& images, const ScoringOptions& options,
                 Progress& progress, const std::function<void(std::span<const float>)>& use) {
  require(images.shape() == scorer.image_shape(),
          "the images of {} are {} x {} x {}, but the network takes {} x {} x {}", images.name(),
          images.shape().channels, images.shape().side, images.shape().side,
          scorer.image_shape().channels, scorer.image_shape().side, scorer.image_shape().side);
  BatchLoaderOptions loading;
  loading.batch_size = options.batch_size > 0 ? options.batch_size : scorer.preferred_batch();
  loading.threads = options.threads;
  loading.prepare = [&scorer](std::span<float> pixels) { scorer.normalise(pixels); };
  BatchLoader loader(images, loading);
  while (const std::optional<Batch> batch = loader.next()) {
    use({batch->images, static_cast<std::size_t>(batch->count * images.shape().elements())});
    progress.update(batch->begin + batch->count);
  }
}

// Throws Error on every rank if any of them had a failure, with that of the first: otherwise the
// others would wait for its results.
void share_failure(const Ranks& ranks, const std::string& failure) {
  // Ranks gather numbers, so each letter is one. A line ends each rank's sentence.
  std::vector<double> letters(failure.begin(), failure.end());
  if (!failure.empty()) letters.push_back('\n');
  std::string all;
  for (const double letter : ranks.gather(std::move(letters))) all += static_cast<char>(letter);
  if (!all.empty()) fail("{}", all.substr(0, all.find('\n')));
}

}  // namespace

void for_own_batches(const Scorer& scorer, const NamedDataset& set, const ScoringOptions& options,
                     Progress& progress,
                     const std::function<void(std::span<const float> pixels)>& use) {
  const Ranks alone;
  const Ranks& ranks = options.ranks ? *options.ranks : alone;
  const std::int64_t begin = set.images->size() * ranks.rank() / ranks.count();
  const std::int64_t end = set.images->size() * (ranks.rank() + 1) / ranks.count();
  progress.start(set.display_name, end - begin);
  std::string failure;
  try {
    if (begin < end) {
      for_batches(scorer, *subset(set.images, begin, end - begin), options, progress, use);
    }
  } catch (const std::exception& error) {
    progress.finish("failed");
    if (ranks.count() == 1) throw;
    failure = error.what();
  }
  if (failure.empty()) progress.finish();
  if (ranks.count() > 1) share_failure(ranks, failure);
}

}  // namespace odin
