// Detectors that perturb images with the gradients of other objectives than ODIN's.
#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "eval/scoring/detectors/registry.h"
#include "eval/scoring/scorer.h"
#include "tests/eval/scoring/small_network.h"

namespace odin::test {
namespace {

using detectors::kEnergy;
using detectors::kMaxLogit;
using detectors::kOdin;
using detectors::kOdinEnergy;
using detectors::kOdinMaxLogit;

constexpr const Detector* kPerturbing[] = {&kOdin, &kOdinEnergy, &kOdinMaxLogit};

// A score of PyTorch for each image: tests/pytorch/make_perturbed_scores.py.
struct Line {
  std::string detector;
  OdinParameters parameters;
  std::vector<double> scores;
};

std::vector<Line> read_lines() {
  std::vector<Line> lines;
  std::ifstream file(std::string(ODIN_SOURCE_DIR) + "/tests/eval/scoring/perturbed_scores.txt");
  for (std::string text; std::getline(file, text);) {
    std::istringstream words(text);
    Line& line = lines.emplace_back();
    words >> line.detector >> line.parameters.temperature >> line.parameters.magnitude;
    for (double score = 0; words >> score;) line.scores.push_back(score);
  }
  return lines;
}

// The largest difference from PyTorch's scores, relative to them.
double difference(Backend& backend) {
  Scorer scorer(small_checkpoint(), backend, kPerturbing);
  const std::vector<float> images = formula_images(4);
  const std::vector<Line> lines = read_lines();
  REQUIRE(lines.size() == 12);
  std::vector<OdinParameters> parameters;  // all at once, so that passes are shared
  for (const Line& line : lines) parameters.push_back(line.parameters);
  const Scores scores = scorer.score(images, parameters);
  double worst = 0;
  for (std::size_t p = 0; p < lines.size(); ++p) {
    REQUIRE(lines[p].scores.size() == 4);
    const std::vector<double>& found = scores.of(*find_detector(lines[p].detector), p);
    for (std::size_t i = 0; i < 4; ++i) {
      worst = std::max(worst, std::abs(found[i] / lines[p].scores[i] - 1));
    }
  }
  return worst;
}

TEST_CASE("the scores of perturbed images are those of PyTorch") {
  CHECK(difference(*make_reference_backend()) < 1e-6);
  // In single precision rounding changes a few signs.
  CHECK(difference(*make_cpu_backend(1)) < 1e-4);
}

PassCount passes(std::span<const Detector* const> detectors,
                 std::span<const OdinParameters> parameters) {
  const auto backend = make_cpu_backend(1);
  PassCount count;
  Scorer scorer = counting_scorer(small_checkpoint(), *backend, count, detectors);
  scorer.score(formula_images(1), parameters);
  return count;
}

TEST_CASE(
    "passes are shared where objective and temperature are the same, and run only where used") {
  const std::vector<OdinParameters> parameters = {
      {1000, 0.001}, {1, 0.001}, {1000, 0.002}, {1000, 0}};
  const Detector also_energy = kOdinEnergy;
  const Detector* const odin[] = {&kOdin};
  const Detector* const energy[] = {&kOdinEnergy, &also_energy, &kEnergy};
  const Detector* const max_logit[] = {&kOdinMaxLogit};
  const Detector* const none[] = {&kEnergy, &kMaxLogit};
  CHECK(passes(odin, parameters) == PassCount{.forward = 1, .backward = 2, .perturbed = 3});
  CHECK(passes(energy, parameters) == PassCount{.forward = 1, .backward = 2, .perturbed = 3});
  // Its gradient is the same at every temperature, and so are the images perturbed with it.
  CHECK(passes(max_logit, parameters) == PassCount{.forward = 1, .backward = 1, .perturbed = 2});
  CHECK(passes(kPerturbing, parameters) == PassCount{.forward = 1, .backward = 5, .perturbed = 8});
  CHECK(passes(none, parameters) == PassCount{.forward = 1});
}

TEST_CASE("detectors with a gradient of their own are scored only where they are named") {
  const auto has = [](const auto& detectors, const Detector& detector) {
    return std::ranges::find(detectors, &detector) != std::ranges::end(detectors);
  };
  const std::string_view all[] = {"all"};
  const std::string_view named[] = {"odin_max_logit", "odin_energy"};
  const std::vector<const Detector*> expected = {&kOdinEnergy, &kOdinMaxLogit};
  CHECK(parse_detectors(named) == expected);
  for (const Detector* detector : expected) {
    CHECK(has(all_detectors(), *detector));
    CHECK_FALSE(has(default_detectors(), *detector));
    CHECK_FALSE(has(parse_detectors(all), *detector));
  }
  CHECK(has(parse_detectors(all), kOdin));
}

TEST_CASE(
    "without a perturbation the scores are those of the image, and a perturbation raises them") {
  const auto backend = make_cpu_backend(1);
  const Detector* const detectors[] = {&kEnergy, &kMaxLogit, &kOdin, &kOdinEnergy, &kOdinMaxLogit};
  Scorer scorer(small_checkpoint(), *backend, detectors);
  const std::vector<OdinParameters> parameters = {{1, 0}, {1, 0.0005}};
  constexpr std::size_t kImages = 8;
  const Scores scores = scorer.score(formula_images(kImages), parameters);
  CHECK(scores.of(kOdinEnergy, 0) == scores.of(kEnergy));
  CHECK(scores.of(kOdinMaxLogit, 0) == scores.of(kMaxLogit));
  for (const Detector* detector : kPerturbing) {
    for (std::size_t i = 0; i < kImages; ++i) {
      CHECK(scores.of(*detector, 1)[i] > scores.of(*detector, 0)[i]);
    }
  }
}

TEST_CASE(
    "the scores of detectors that perturb depend neither on the others nor on the parameters") {
  const auto backend = make_cpu_backend(2);
  const std::vector<OdinParameters> parameters = {{1, 0.001}, {10, 0.002}, {10, 0.001}};
  const std::vector<float> images = formula_images(5);
  Scorer all(small_checkpoint(), *backend, kPerturbing);
  const Scores together = all.score(images, parameters);
  for (const Detector* detector : kPerturbing) {
    Scorer alone(small_checkpoint(), *backend, {&detector, 1});
    for (std::size_t p = 0; p < parameters.size(); ++p) {
      CHECK(alone.score(images, {&parameters[p], 1}).of(*detector) == together.of(*detector, p));
    }
  }
}

}  // namespace
}  // namespace odin::test
