// What detectors are fitted on, its file, and the fit of a scorer's detectors.
#include "eval/scoring/training_set.h"

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <vector>

#include <doctest/doctest.h>

#include "eval/scoring/fit_detectors.h"
#include "eval/scoring/score_store.h"
#include "eval/scoring/training_store.h"
#include "kernels/error.h"
#include "tests/eval/scoring/small_network.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {

// Learns the mean of all features and, by its option, adds to it; scores by the distance from that.
DetectorFit fit_mean(const TrainingOutputs& training) {
  const NetworkOutputs& o = training.outputs;
  require(!training.labels.empty(), "it needs classes");
  const double sum = std::accumulate(o.features.begin(), o.features.end(), 0.0);
  DetectorFit fit;
  fit.numbers["mean"] = {sum / static_cast<double>(o.features.size()) + o.option(0)};
  return fit;
}

void score_mean(const NetworkOutputs& o, std::span<double> scores) {
  const double mean = fitted_numbers(o.fit, "mean", 1)[0];
  for (std::size_t i = 0; i < scores.size(); ++i) {
    scores[i] = -std::abs(o.features[i * static_cast<std::size_t>(o.feature_count)] - mean);
  }
}

constexpr DetectorOption kOptions[] = {{.name = "more", .value = 2, .least = 0, .most = 9}};
constexpr Detector kOfMean{.name = "of_mean",
                           .title = "",
                           .heading = "",
                           .score_file = "",
                           .paper = "",
                           .score = score_mean,
                           .fit = fit_mean,
                           .uses_features = true,
                           .options = kOptions};
constexpr const Detector* kDetectors[] = {&detectors::kBaseline, &kOfMean};

struct Fixture {
  Checkpoint checkpoint = small_checkpoint();
  std::unique_ptr<Backend> backend = make_cpu_backend(1);
  PassCount count;
  Scorer scorer = counting_scorer(checkpoint, *backend, count, kDetectors);
  Progress progress;
  TrainingImages images{noise_set("training", NoiseKind::kUniform, 23, 1),
                        std::vector<std::int32_t>(23, 4)};
  TemporaryFolder folder;

  TrainingSet run(const TrainingStore* store = nullptr, const ScoringOptions& options = {}) {
    return run_training_set(scorer, images, options, store, progress);
  }
};

// This process as one of several, whose values are all the same as its own.
class Mirrored final : public Ranks {
 public:
  explicit Mirrored(int rank) : rank_(rank) {}
  int rank() const override { return rank_; }
  int count() const override { return 2; }

 private:
  int rank_;
};

TEST_CASE("the outputs of training images depend neither on the batch nor on the threads") {
  Fixture f;
  const TrainingSet all = f.run();
  CHECK(all.images == 23);
  CHECK(all.logits.size() == 23 * 10);
  CHECK(all.features.size() % 23 == 0);
  CHECK(all.labels == f.images.labels);
  CHECK(all.name == "training");
  CHECK(all.sha256.size() == 64);
  const TrainingSet in_batches = f.run(nullptr, {.batch_size = 5, .threads = 3});
  CHECK(in_batches.logits == all.logits);
  CHECK(in_batches.features == all.features);
  CHECK(in_batches.sha256 == all.sha256);
}

TEST_CASE("a rank runs its own part of the training images") {
  Fixture f;
  const Mirrored second(1);
  const TrainingSet part = f.run(nullptr, {.ranks = &second});
  CHECK(f.count.forward == 12);
  const TrainingSet all = f.run();
  CHECK(std::equal(part.features.begin(), part.features.end(),
                   all.features.end() - static_cast<std::ptrdiff_t>(part.features.size())));
}

TEST_CASE("kept outputs are those of the network, and save it the work") {
  Fixture f;
  const TrainingStore store(f.folder.path(), f.checkpoint, f.scorer.description());
  const TrainingSet first = f.run(&store);
  CHECK(f.count.forward == 23);
  const TrainingSet second = f.run(&store);
  CHECK(f.count.forward == 23);
  CHECK(second.logits == first.logits);
  CHECK(second.features == first.features);

  // Other images, or another network, are other files.
  f.images.set = noise_set("training", NoiseKind::kUniform, 23, 2);
  f.run(&store);
  CHECK(f.count.forward == 46);
  Checkpoint changed = f.checkpoint;
  changed.parameters.begin()->second.values[0] += 1;
  const TrainingStore other(f.folder.path(), changed, f.scorer.description());
  f.run(&other);
  CHECK(f.count.forward == 69);
}

TEST_CASE("a damaged or shortened file of outputs is made anew") {
  Fixture f;
  const TrainingStore store(f.folder.path(), f.checkpoint, f.scorer.description());
  const TrainingSet first = f.run(&store);
  const auto file = std::filesystem::directory_iterator(f.folder.path())->path();
  const std::string good = content_of(file);
  std::string flipped = good;
  flipped[good.size() / 2] = static_cast<char>(flipped[good.size() / 2] ^ 1);
  for (const std::string& bad : {flipped, good.substr(0, good.size() / 2), std::string(),
                                 good + std::string(23 * 4, '\0'), good.substr(0, 7)}) {
    write_bytes(file, bad);
    CHECK(f.run(&store).features == first.features);
    CHECK(content_of(file) == good);
  }
}

TEST_CASE("a scorer scores with what its detectors have learnt") {
  Fixture f;
  const std::vector<float> images = formula_images(7);
  CHECK_THROWS_WITH_AS(f.scorer.score(images, {}),
                       "the detector has not been fitted: it needs in-distribution training images",
                       Error);
  const TrainingSet set = f.run();
  CHECK(fit_detectors(f.scorer, set).empty());
  const double mean = std::accumulate(set.features.begin(), set.features.end(), 0.0) /
                          static_cast<double>(set.features.size()) +
                      2;
  const Scores scores = f.scorer.score(images, {});
  const NetworkOutputs outputs = f.scorer.run(images);
  const auto width = static_cast<std::size_t>(outputs.feature_count);
  for (std::size_t i = 0; i < 7; ++i) {
    CHECK(scores.of(kOfMean)[i] == -std::abs(double{outputs.features[i * width]} - mean));
  }
  f.scorer.use_threads(3);
  CHECK(f.scorer.score(images, {}).per_detector == scores.per_detector);
  CHECK(f.scorer.milliseconds(kOfMean) > 0);
}

TEST_CASE("a detector that cannot be fitted says why, and is left out") {
  Fixture f;
  f.images.labels.clear();
  const std::vector<UnfittedDetector> unfitted = fit_detectors(f.scorer, f.run());
  REQUIRE(unfitted.size() == 1);
  CHECK(unfitted[0].detector == &kOfMean);
  CHECK(unfitted[0].reason == "the score of_mean cannot be fitted on training: it needs classes");
  REQUIRE(f.scorer.detectors().size() == 1);
  CHECK(f.scorer.detectors()[0] == &detectors::kBaseline);
  CHECK(f.scorer.score(formula_images(7), {}).of(detectors::kBaseline).size() == 7);
  CHECK_THROWS_AS(f.scorer.leave_out(kOfMean), Error);
  f.images.labels.resize(22);
  CHECK_THROWS_WITH_AS(f.run(), "22 labels do not fit 23 images", Error);
  CHECK_THROWS_AS(f.scorer.set_fit(detectors::kBaseline, nullptr), Error);
  auto bad = std::make_shared<DetectorFit>();
  bad->numbers["mean"] = {std::nan("")};
  CHECK_THROWS_AS(f.scorer.set_fit(kOfMean, bad), Error);
}

TEST_CASE("scores that were kept with another fit are not taken") {
  Fixture f;
  const ScoreStore store(f.folder.path(), f.checkpoint, f.scorer.description());
  const std::vector<float> images = formula_images(3);
  const auto scores_with = [&](double mean) {
    auto fit = std::make_shared<DetectorFit>();
    fit->numbers["mean"] = {mean};
    f.scorer.set_fit(kOfMean, fit);
    return store.score(f.scorer, images, {}).of(kOfMean);
  };
  const std::vector<double> first = scores_with(1);
  CHECK(scores_with(2) != first);
  CHECK(scores_with(1) == first);
}

}  // namespace
}  // namespace odin::test
