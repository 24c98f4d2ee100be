// A detector's threshold, magnitude and record of the images that it was made from.
#include "eval/detection/calibrate.h"

#include <algorithm>
#include <numeric>

#include <doctest/doctest.h>

#include "eval/metrics/tpr_threshold.h"
#include "eval/scoring/detectors/registry.h"
#include "eval/scoring/fit_detectors.h"
#include "kernels/error.h"
#include "tests/eval/scoring/small_network.h"
#include "tests/support/support.h"
#include "weights/files/digest.h"

using namespace odin;
using namespace odin::test;

namespace {

struct Calibration {
  SmallNetwork network{noise_set("Noise", NoiseKind::kUniform, 40, 3)};

  DetectorSettings make(const CalibrationRequest& request, const ScoringOptions& options = {}) {
    return calibrate(network.scorer, network.in, request, options, network.progress);
  }
  // Of all images.
  Scores scores(std::span<const OdinParameters> parameters) {
    Progress silent;
    return score_set(network.scorer, network.in, parameters, {}, silent);
  }
};

}  // namespace

TEST_CASE("the threshold is that of the images' scores") {
  Calibration c;
  const OdinParameters parameters{1000, 0.002};
  const DetectorSettings made =
      c.make({.score = &detectors::kOdin, .tpr = 0.9, .parameters = parameters});
  const TprThreshold expected = tpr_threshold(c.scores({&parameters, 1}).of(detectors::kOdin), 0.9);
  CHECK(made.score == "odin");
  CHECK(made.temperature == 1000);
  CHECK(made.magnitude == 0.002);
  CHECK(made.threshold == expected.threshold);
  CHECK(made.tpr == 0.9);
  CHECK(made.tpr_low == expected.tpr.low);
  CHECK(made.tpr_high == expected.tpr.high);
  CHECK(made.images == 40);
  CHECK(made.images_name == "Noise");
  CHECK(made.magnitudes.empty());
  std::vector<float> pixels(40 * kImageElements);
  c.network.in.images->read(0, 40, pixels.data());
  Sha256 digest;
  digest.add(std::as_bytes(std::span(pixels)));
  CHECK(made.images_sha256 == digest.hex());
  // Neither batches nor threads change anything.
  CHECK(c.make({.score = &detectors::kOdin, .tpr = 0.9, .parameters = parameters},
               {.batch_size = 7, .threads = 3}) == made);
}

TEST_CASE("a score without parameters has none in its settings") {
  Calibration c;
  const DetectorSettings made = c.make({.score = &detectors::kEnergy});
  CHECK(made.score == "energy");
  CHECK(made.temperature == 1);
  CHECK(made.magnitude == 0);
  CHECK(made.threshold == tpr_threshold(c.scores({}).of(detectors::kEnergy), 0.95).threshold);
  CHECK_THROWS_WITH_AS(c.make({.score = &detectors::kEnergy, .magnitudes = {0, 0.1}}),
                       "the score energy has no magnitude that could be chosen", Error);
}

TEST_CASE("a score that learns has its training images in its settings") {
  Calibration c;
  const Detector* const react = &detectors::kReact;
  Scorer scorer(c.network.checkpoint, *c.network.backend, {&react, 1});
  const TrainingSet training =
      run_training_set(scorer, {noise_set("Training", NoiseKind::kGaussian, 30, 8)}, {}, nullptr,
                       c.network.progress);
  CHECK(fit_detectors(scorer, training).empty());
  CalibrationRequest request{.score = react};
  CHECK_THROWS_WITH_AS(calibrate(scorer, c.network.in, request, {}, c.network.progress),
                       "the score react must be fitted before its threshold is set", Error);
  request.training = &training;
  const DetectorSettings made = calibrate(scorer, c.network.in, request, {}, c.network.progress);
  CHECK(made.score == "react");
  CHECK(made.training_images == 30);
  CHECK(made.training_images_name == "Training");
  CHECK(made.training_images_sha256 == training.sha256);
  CHECK(made.images == 40);
  Progress silent;
  const Scores scores = score_set(scorer, c.network.in, {}, {}, silent);
  CHECK(made.threshold == tpr_threshold(scores.of(*react), 0.95).threshold);
  CHECK_THROWS_WITH_AS(c.make({.score = &detectors::kEnergy, .training = &training}),
                       "the score energy cannot be fitted before its threshold is set", Error);
}

TEST_CASE("the magnitude chosen has the greatest mean score") {
  Calibration c;
  const std::vector<double> magnitudes = {0, 0.3, 0.002, 0.001, 0.002};
  const DetectorSettings made =
      c.make({.score = &detectors::kOdin, .parameters = {10, 0.5}, .magnitudes = magnitudes});
  CHECK(made.magnitudes == magnitudes);
  REQUIRE(made.mean_scores.size() == magnitudes.size());
  std::size_t best = 0;
  for (std::size_t i = 0; i < magnitudes.size(); ++i) {
    const OdinParameters parameters{10, magnitudes[i]};
    const std::vector<double> scores = c.scores({&parameters, 1}).of(detectors::kOdin);
    CHECK(made.mean_scores[i] == std::accumulate(scores.begin(), scores.end(), 0.0) / 40);
    if (made.mean_scores[i] > made.mean_scores[best]) best = i;
  }
  CHECK(best != 0);  // a perturbation raises the score
  CHECK(made.magnitude == magnitudes[best]);
  CHECK(made.temperature == 10);
  const OdinParameters chosen{10, made.magnitude};
  CHECK(made.threshold ==
        tpr_threshold(c.scores({&chosen, 1}).of(detectors::kOdin), 0.95).threshold);
}

TEST_CASE("the default magnitudes are those of both papers") {
  const std::vector<double> magnitudes = default_magnitudes();
  CHECK(magnitudes.size() == 27);
  CHECK(std::ranges::is_sorted(magnitudes));
  CHECK(magnitudes.front() == 0);
  CHECK(magnitudes.back() == 0.08);
}
