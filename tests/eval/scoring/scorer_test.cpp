#include "eval/scoring/scorer.h"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "eval/scoring/detectors/registry.h"
#include "tests/eval/scoring/small_network.h"

using namespace odin;
using namespace odin::test;

namespace {

Checkpoint tiny_checkpoint() {
  return small_checkpoint({10, 2, 0.5, true, 3});
}

// Some share a temperature, one occurs twice, and some have a magnitude of zero.
const std::vector<OdinParameters> kParameters = {{1000, 0.0014}, {1000, 0},      {1, 0.002},
                                                 {1000, 0.004},  {1000, 0.0014}, {1, 0}};

}  // namespace

TEST_CASE("scores do not depend on the other parameters in the call") {
  const auto backend = make_cpu_backend(1);
  Scorer scorer(tiny_checkpoint(), *backend);
  const std::vector<float> images = formula_images(5);
  const Scores together = scorer.score(images, kParameters);
  REQUIRE(together.per_parameters(detectors::kOdin).size() == kParameters.size());
  for (std::size_t i = 0; i < kParameters.size(); ++i) {
    const Scores alone = scorer.score(images, {&kParameters[i], 1});
    CHECK(alone.of(detectors::kOdin, 0) == together.of(detectors::kOdin, i));
    CHECK(alone.of(detectors::kBaseline) == together.of(detectors::kBaseline));
  }
  // At temperature 1 without a perturbation ODIN is the baseline; the others differ.
  CHECK(together.of(detectors::kOdin, 5) == together.of(detectors::kBaseline));
  CHECK(together.of(detectors::kOdin, 0) != together.of(detectors::kOdin, 1));
  CHECK(together.of(detectors::kOdin, 0) != together.of(detectors::kOdin, 3));
}

TEST_CASE("the perturbation raises the score") {
  const auto backend = make_cpu_backend(1);
  Scorer scorer(tiny_checkpoint(), *backend);
  const std::vector<OdinParameters> parameters = {{1, 0}, {1, 0.0005}};
  const Scores scores = scorer.score(formula_images(16), parameters);
  for (std::size_t i = 0; i < 16; ++i)
    CHECK(scores.of(detectors::kOdin, 1)[i] > scores.of(detectors::kOdin, 0)[i]);
}

TEST_CASE("scores and predictions depend neither on the batch nor on the threads, bit for bit") {
  const std::vector<float> images = formula_images(13);
  const auto one = make_cpu_backend(1);
  const Scores expected = Scorer(tiny_checkpoint(), *one).score(images, kParameters);
  for (int threads : {1, 2, 3}) {
    const auto backend = make_cpu_backend(threads);
    Scorer scorer(tiny_checkpoint(), *backend);
    for (std::size_t batch : {1, 5, 13}) {
      Scores scores;
      for (std::size_t begin = 0; begin < 13; begin += batch) {
        const std::size_t count = std::min(batch, 13 - begin);
        scores.append(
            scorer.score(std::span(images).subspan(begin * 3072, count * 3072), kParameters));
      }
      CHECK(scores.of(detectors::kBaseline) == expected.of(detectors::kBaseline));
      CHECK(scores.per_parameters(detectors::kOdin) == expected.per_parameters(detectors::kOdin));
      CHECK(scores.predictions == expected.predictions);
    }
  }
}

TEST_CASE("the CPU's scores agree with the reference in double") {
  const auto cpu = make_cpu_backend(1);
  const auto reference = make_reference_backend();
  const std::vector<float> images = formula_images(4);
  const Scores fast = Scorer(tiny_checkpoint(), *cpu).score(images, kParameters);
  const Scores exact = Scorer(tiny_checkpoint(), *reference).score(images, kParameters);
  CHECK(fast.predictions == exact.predictions);
  for (std::size_t i = 0; i < 4; ++i) {
    // Logits of a few units in single precision: 1e-6 each, and so are scores at temperature 1.
    CHECK(std::abs(fast.of(detectors::kBaseline)[i] - exact.of(detectors::kBaseline)[i]) < 1e-5);
    for (std::size_t p = 0; p < kParameters.size(); ++p) {
      CHECK(std::abs(fast.of(detectors::kOdin, p)[i] - exact.of(detectors::kOdin, p)[i]) <
            (kParameters[p].temperature > 1 ? 1e-6 : 1e-5));
    }
  }
}

TEST_CASE("pixels are normalised per channel") {
  const auto backend = make_cpu_backend(1);
  const Scorer scorer(tiny_checkpoint(), *backend);
  std::vector<float> pixels(2 * 3072, 1.0f);
  scorer.normalise(pixels);
  CHECK(pixels[0] == (1.0f - 0.5f) / 0.25f);
  CHECK(pixels[1024] == (1.0f - 0.4f) / 0.24f);
  CHECK(pixels[3071] == (1.0f - 0.3f) / 0.26f);
  CHECK(pixels[3072] == (1.0f - 0.5f) / 0.25f);
}

TEST_CASE("no images give no scores, and invalid images and parameters are refused") {
  const auto backend = make_cpu_backend(1);
  Scorer scorer(tiny_checkpoint(), *backend);
  const Scores none = scorer.score({}, kParameters);
  CHECK(none.of(detectors::kBaseline).empty());
  CHECK(none.per_parameters(detectors::kOdin).size() == kParameters.size());

  const std::vector<float> images = formula_images(1);
  CHECK_THROWS_WITH_AS(scorer.score(std::span(images).first(100), {}),
                       doctest::Contains("not a whole number of images"), Error);
  const auto refuse = [&](OdinParameters parameters, const char* why) {
    CHECK_THROWS_WITH_AS(scorer.score(images, {&parameters, 1}), doctest::Contains(why), Error);
  };
  refuse({0, 0}, "temperature must be positive");
  refuse({-1, 0}, "temperature must be positive");
  refuse({std::numeric_limits<double>::quiet_NaN(), 0}, "temperature must be positive");
  refuse({1, -0.1}, "magnitude");
  refuse({1, std::numeric_limits<double>::infinity()}, "magnitude");

  std::vector<float> broken = images;
  broken[7] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH_AS(scorer.score(broken, kParameters), doctest::Contains("not finite"), Error);
}

TEST_CASE("a checkpoint whose mean or deviation cannot normalise images is refused") {
  const auto backend = make_cpu_backend(1);
  const float infinity = std::numeric_limits<float>::infinity();
  const auto refuse = [&](const std::vector<float>& mean, const std::vector<float>& std,
                          const char* why) {
    Checkpoint checkpoint = tiny_checkpoint();
    checkpoint.mean = mean;
    checkpoint.std = std;
    CHECK_THROWS_WITH_AS(Scorer(checkpoint, *backend), doctest::Contains(why), Error);
  };
  refuse({0, 0, 0}, {1, 0, 1}, "deviation 0");
  refuse({0, 0, 0}, {1, 1, -1}, "deviation -1");
  refuse({std::numeric_limits<float>::quiet_NaN(), 0, 0}, {1, 1, 1}, "mean nan");
  refuse({0, 0, 0}, {infinity, 1, 1}, "inf");
  refuse({0}, {1, 1, 1}, "3 channels cannot be normalised with 1 means and 3 deviations");
}
