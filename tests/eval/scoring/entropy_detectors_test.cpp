// Entropy and GEN against their definitions, in extended precision.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <vector>

#include <doctest/doctest.h>

#include "eval/scoring/detectors/registry.h"
#include "kernels/error.h"

using namespace odin;

namespace {

std::vector<long double> softmax(const std::vector<float>& logits) {
  std::vector<long double> p;
  long double sum = 0;
  for (const float logit : logits) {
    p.push_back(std::exp(static_cast<long double>(logit)));
    sum += p.back();
  }
  for (long double& value : p) value /= sum;
  return p;
}

double entropy_definition(const std::vector<float>& logits) {
  long double sum = 0;
  for (const long double p : softmax(logits)) sum += p * std::log(p);
  return static_cast<double>(sum);
}

double gen_definition(const std::vector<float>& logits) {
  std::vector<long double> p = softmax(logits);
  std::sort(p.begin(), p.end(), std::greater<>());
  long double sum = 0;
  for (std::size_t j = 0; j < std::min<std::size_t>(p.size(), 100); ++j) {
    sum += std::pow(p[j], 0.1L) * std::pow(1 - p[j], 0.1L);
  }
  return static_cast<double>(-sum);
}

double score(const Detector& detector, const std::vector<float>& logits) {
  double result = 0;
  const std::vector<double> options = option_values(detector);
  detector.score({.classes = static_cast<int>(logits.size()), .logits = logits, .options = options},
                 {&result, 1});
  return result;
}

}  // namespace

TEST_CASE("entropy and GEN equal their definitions") {
  std::mt19937 random(7);
  std::normal_distribution<float> normal(0, 4);
  for (const std::size_t classes : {2, 3, 10, 100, 250}) {
    for (int repetition = 0; repetition < 20; ++repetition) {
      std::vector<float> logits(classes);
      for (float& logit : logits) logit = normal(random);
      CAPTURE(classes);
      // Some hundred terms, each rounded a few times at 1.1e-16; GEN's powers lessen that.
      CHECK(score(detectors::kEntropy, logits) ==
            doctest::Approx(entropy_definition(logits)).epsilon(1e-13));
      CHECK(score(detectors::kGen, logits) ==
            doctest::Approx(gen_definition(logits)).epsilon(1e-13));
    }
  }
}

TEST_CASE("entropy and GEN of known cases") {
  CHECK(score(detectors::kEntropy, {3, 3, 3, 3}) == doctest::Approx(-std::log(4.0)).epsilon(1e-15));
  CHECK(score(detectors::kEntropy, {5}) == 0);
  CHECK(score(detectors::kGen, {5}) == 0);
  CHECK(score(detectors::kGen, {0, 0}) == doctest::Approx(-2 * std::pow(0.25, 0.1)).epsilon(1e-15));
  // The larger score is that of the surer network.
  CHECK(score(detectors::kEntropy, {9, 0, 0}) > score(detectors::kEntropy, {2, 0, 0}));
  CHECK(score(detectors::kGen, {9, 0, 0}) > score(detectors::kGen, {2, 0, 0}));
}

TEST_CASE("a very sure network still has different scores") {
  // 1 - p is 1e-20 and less: p itself is 1 in double precision.
  CHECK(score(detectors::kGen, {50, 0, 0}) < score(detectors::kGen, {60, 0, 0}));
  // p log p of the largest p is p - 1 to the first order, and -50 e^-50 of each other one.
  CHECK(score(detectors::kEntropy, {50, 0, 0}) ==
        doctest::Approx(-2 * std::exp(-50.0) * 51).epsilon(1e-14).scale(0));
  CHECK(score(detectors::kGen, {50, 0, 0}) ==
        doctest::Approx(-(std::pow(2 * std::exp(-50.0), 0.1) + 2 * std::pow(std::exp(-50.0), 0.1)))
            .epsilon(1e-14));
}

TEST_CASE("entropy and GEN of huge logits do not overflow, and refuse invalid ones") {
  const float huge = std::numeric_limits<float>::max();
  for (const Detector* detector : {&detectors::kEntropy, &detectors::kGen}) {
    CHECK(score(*detector, {huge, -huge, 0}) == 0);
    CHECK(std::isfinite(score(*detector, {-huge, -huge})));
    CHECK_THROWS_AS(score(*detector, {1, std::numeric_limits<float>::quiet_NaN()}), Error);
    CHECK_THROWS_AS(score(*detector, {}), Error);
  }
}
