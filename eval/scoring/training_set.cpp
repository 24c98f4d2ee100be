#include "eval/scoring/training_set.h"

#include <algorithm>

#include "eval/data/image_digest.h"
#include "eval/scoring/training_store.h"
#include "kernels/error.h"

namespace odin {
namespace {

// Of all ranks, in their order. Doubles hold floats without loss.
void gather(const Ranks& ranks, std::vector<float>& values) {
  const std::vector<double> all = ranks.gather({values.begin(), values.end()});
  values.resize(all.size());
  std::ranges::transform(all, values.begin(),
                         [](double value) { return static_cast<float>(value); });
}

// Whether the statement holds on every rank: they must do the same.
bool everywhere(const Ranks& ranks, bool statement) {
  const std::vector<double> all = ranks.gather({statement ? 1.0 : 0.0});
  return std::ranges::all_of(all, [](double holds) { return holds == 1; });
}

}  // namespace

TrainingSet run_training_set(Scorer& scorer, const TrainingImages& images,
                             const ScoringOptions& options, const TrainingStore* store,
                             Progress& progress) {
  const Ranks alone;
  const Ranks& ranks = options.ranks ? *options.ranks : alone;
  const Dataset& set = *images.set.images;
  TrainingSet outputs{.name = images.set.display_name,
                      .sha256 = sha256_of(set, options.threads),
                      .images = static_cast<std::size_t>(set.size()),
                      .labels = images.labels};
  require(outputs.images > 0, "{} has no images to fit detectors on", outputs.name);
  require(outputs.labels.empty() || outputs.labels.size() == outputs.images,
          "{} labels do not fit {} images", outputs.labels.size(), outputs.images);
  const bool kept = store != nullptr && store->read(outputs, scorer.num_classes());
  if (everywhere(ranks, kept)) return outputs;

  outputs.logits.clear();
  outputs.features.clear();
  for_own_batches(scorer, images.set, options, progress, [&](std::span<const float> pixels) {
    const NetworkOutputs batch = scorer.run(pixels);
    outputs.logits.insert(outputs.logits.end(), batch.logits.begin(), batch.logits.end());
    outputs.features.insert(outputs.features.end(), batch.features.begin(), batch.features.end());
  });
  gather(ranks, outputs.logits);
  gather(ranks, outputs.features);
  if (store != nullptr && ranks.rank() == 0) store->write(outputs);
  return outputs;
}

}  // namespace odin
