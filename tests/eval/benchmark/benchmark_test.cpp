#include "eval/benchmark/benchmark.h"

#include <algorithm>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "eval/data/noise.h"
#include "eval/scoring/detectors/registry.h"
#include "tests/eval/scoring/small_network.h"

using namespace odin;
using namespace odin::test;

namespace {

// Four sets with three magnitudes: one is 0, and one is shared by two sets.
struct Fixture : SmallNetwork {
  Fixture() : SmallNetwork(noise_set("in", NoiseKind::kUniform, 23, 1)) {}

  std::vector<BenchmarkTask> tasks = {
      {noise_set("a", NoiseKind::kUniform, 11, 2), {1000, 0.0014}},
      {noise_set("b", NoiseKind::kGaussian, 17, 3), {1000, 0.002}},
      {noise_set("c", NoiseKind::kGaussian, 7, 4), {1000, 0}},
      {noise_set("d", NoiseKind::kUniform, 9, 5), {1000, 0.0014}},
  };

  BenchmarkResult run(const std::vector<BenchmarkTask>& some, const BenchmarkOptions& options) {
    return run_benchmark(scorer, in, some, options, progress);
  }
};

// An image of noise for every label.
class LabelledNoise final : public Dataset {
 public:
  explicit LabelledNoise(const DatasetLabels& labels)
      : Dataset("labelled", static_cast<std::int64_t>(labels.of_image.size()), {}, labels) {}

 private:
  void read_images(std::int64_t begin, std::int64_t count, float* pixels) const override {
    noise_->read(begin, count, pixels);
  }

  std::shared_ptr<const Dataset> noise_ = make_noise(NoiseKind::kUniform, size(), 6);
};

bool same(const TaskResult& a, const TaskResult& b) {
  REQUIRE(a.scores.size() == b.scores.size());
  bool equal = a.out_predictions == b.out_predictions;
  for (std::size_t i = 0; i < a.scores.size(); ++i) {
    equal = equal && a.scores[i].in == b.scores[i].in && a.scores[i].out == b.scores[i].out &&
            a.evaluation.detectors[i].metrics == b.evaluation.detectors[i].metrics;
  }
  return equal;
}

}  // namespace

TEST_CASE("a run of several sets gives the same bits as single runs") {
  Fixture f;
  BenchmarkOptions options;
  options.detectors.assign(default_detectors().begin(), default_detectors().end());
  options.scoring.batch_size = 5;
  const BenchmarkResult all = f.run(f.tasks, options);
  REQUIRE(all.tasks.size() == f.tasks.size());
  options.scoring.batch_size = 64;
  for (std::size_t i = 0; i < f.tasks.size(); ++i) {
    const BenchmarkResult single = f.run({f.tasks[i]}, options);
    CHECK(same(single.tasks[0], all.tasks[i]));
    CHECK(single.in_predictions == all.in_predictions);
  }
  CHECK(all.images == 23 + 11 + 17 + 7 + 9);
  CHECK(all.tasks[1].evaluation.out_set == "b");
  CHECK(all.tasks[1].evaluation.out_images == 17);
  REQUIRE(all.tasks[1].evaluation.detectors.size() == default_detectors().size());
  const auto odin = static_cast<std::size_t>(
      std::ranges::find(default_detectors(), &detectors::kOdin) - default_detectors().begin());
  CHECK(all.tasks[1].evaluation.detectors[odin].magnitude == 0.002);
  CHECK(all.tasks[1].scores[odin].detector == &detectors::kOdin);
}

TEST_CASE(
    "the in-distribution set needs one forward pass, one gradient, and one pass per magnitude") {
  Fixture f;
  f.run(f.tasks, {});
  const std::int64_t out = 11 + 17 + 7 + 9;
  const std::int64_t out_perturbed = 11 + 17 + 9;  // a magnitude of 0 needs no pass
  CHECK(f.count == PassCount{23 + out, 23 + out_perturbed, 2 * 23 + out_perturbed, 23 + out});
}

TEST_CASE("accuracy matches classes by name if both have names") {
  Fixture f;
  std::vector<std::string> of_network;
  DatasetLabels labels{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 10, {}};
  for (int i = 0; i < 10; ++i) {  // in the order of the alphabet, which is not the network's
    labels.class_names.push_back(fmt::format("class{}", i));
    of_network.insert(of_network.begin(), labels.class_names.back());
  }
  f.set_class_names(of_network);
  f.in = {"in", std::make_shared<LabelledNoise>(labels)};
  const BenchmarkResult result = f.run(f.tasks, {});
  REQUIRE(result.in_predictions.size() == 10);
  double right = 0;
  for (int i = 0; i < 10; ++i) right += result.in_predictions[static_cast<std::size_t>(i)] == 9 - i;
  REQUIRE(result.accuracy.has_value());
  CHECK(*result.accuracy == right / 10);

  of_network[0] = "another";
  f.set_class_names(of_network);
  CHECK_FALSE(f.run(f.tasks, {}).accuracy.has_value());
  f.set_class_names({});
  right = 0;
  for (int i = 0; i < 10; ++i) right += result.in_predictions[static_cast<std::size_t>(i)] == i;
  CHECK(f.run(f.tasks, {}).accuracy == right / 10);
}

TEST_CASE("a task that fails leaves the others as they are") {
  class Unreadable final : public Dataset {
   public:
    Unreadable() : Dataset("unreadable", 9, {}, {}) {}

   private:
    void read_images(std::int64_t, std::int64_t, float*) const override {
      fail("an image is damaged");
    }
  };
  Fixture f;
  const BenchmarkResult whole = f.run(f.tasks, {});
  f.tasks[1].out = {"bad", std::make_shared<Unreadable>()};
  const BenchmarkResult result = f.run(f.tasks, {});
  REQUIRE(result.failures.size() == 1);
  CHECK(result.failures[0].task == 1);
  CHECK(result.failures[0].reason == "an image is damaged");
  REQUIRE(result.tasks.size() == 3);
  for (const TaskResult& task : result.tasks) CHECK(same(task, whole.tasks[task.task]));
  CHECK_THROWS_WITH_AS(f.run({f.tasks[1]}, {}), "an image is damaged", Error);
}

TEST_CASE("scores without a perturbation cost one forward pass") {
  Fixture f;
  BenchmarkOptions options;
  options.detectors = {&detectors::kBaseline, &detectors::kEnergy};
  const BenchmarkResult result = f.run(f.tasks, options);
  const std::int64_t images = 23 + 11 + 17 + 7 + 9;
  CHECK(f.count == PassCount{images, 0, 0, images});
  REQUIRE(result.tasks[0].scores.size() == 2);
  CHECK(result.tasks[0].scores[1].detector == &detectors::kEnergy);
}

TEST_CASE("the threshold sweep refuses a score without thresholds") {
  Fixture f;
  BenchmarkOptions options;
  options.method = MetricsMethod::kThresholdSweep;
  CHECK_NOTHROW(f.run(f.tasks, options));
  options.detectors = {&detectors::kEnergy};
  CHECK_THROWS_AS(f.run(f.tasks, options), Error);
}

TEST_CASE("with out-of-distribution as the positive class, only the FPR and its interval change") {
  Fixture f;
  BenchmarkOptions options;
  const BenchmarkResult in = f.run(f.tasks, options);
  options.positive = PositiveClass::kOut;
  const BenchmarkResult out = f.run(f.tasks, options);
  CHECK(in.positive == PositiveClass::kIn);
  CHECK(out.positive == PositiveClass::kOut);
  for (std::size_t i = 0; i < f.tasks.size(); ++i) {
    for (std::size_t d = 0; d < options.detectors.size(); ++d) {
      const DetectorResult& result = out.tasks[i].evaluation.detectors[d];
      const DetectorResult& usual = in.tasks[i].evaluation.detectors[d];
      // At the smallest threshold that rejects at least 95 % of the out-of-distribution images.
      std::vector<double> rejected = out.tasks[i].scores[d].out;
      std::sort(rejected.begin(), rejected.end());
      const double threshold = rejected[(rejected.size() * 19 + 19) / 20 - 1];
      const std::vector<double>& scores = out.tasks[i].scores[d].in;
      const auto below = std::ranges::count_if(scores, [&](double s) { return s <= threshold; });
      CHECK(result.metrics.fpr_at_tpr95 ==
            static_cast<double>(below) / static_cast<double>(scores.size()));
      Metrics same = result.metrics;
      same.fpr_at_tpr95 = usual.metrics.fpr_at_tpr95;
      CHECK(same == usual.metrics);
      CHECK(result.intervals.auroc == usual.intervals.auroc);
    }
  }
}

TEST_CASE(
    "both kinds of metrics are those of either method, the sweep's where there are thresholds") {
  Fixture f;
  BenchmarkOptions options;
  options.detectors = {&detectors::kBaseline, &detectors::kEnergy, &detectors::kOdin};
  const BenchmarkResult exact = f.run(f.tasks, options);
  options.method = MetricsMethod::kBoth;
  const BenchmarkResult both = f.run(f.tasks, options);
  options.method = MetricsMethod::kThresholdSweep;
  options.detectors = {&detectors::kBaseline, &detectors::kOdin};
  const BenchmarkResult sweep = f.run(f.tasks, options);
  for (std::size_t i = 0; i < f.tasks.size(); ++i) {
    const auto& detectors = both.tasks[i].evaluation.detectors;
    REQUIRE(detectors.size() == 3);
    for (std::size_t d = 0; d < 3; ++d) {
      CHECK(detectors[d].metrics == exact.tasks[i].evaluation.detectors[d].metrics);
    }
    CHECK(detectors[0].sweep == sweep.tasks[i].evaluation.detectors[0].metrics);
    CHECK_FALSE(detectors[1].sweep);
    CHECK(detectors[2].sweep == sweep.tasks[i].evaluation.detectors[1].metrics);
  }
}
