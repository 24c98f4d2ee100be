#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "eval/scoring/detectors/energy.h"
#include "eval/scoring/detectors/max_softmax.h"
#include "eval/scoring/detectors/registry.h"
#include "kernels/error.h"
#include "tests/support/error_of.h"
#include "tests/support/support.h"

namespace odin {
namespace {

// Double rounds at 1.1e-16. The sum of 100 exponentials, each with a relative error below 1e-16,
// stays well within ten times that.
constexpr double kRounding = 1e-15;

// The definition, in extended precision, for logits that do not overflow it.
double definition(const std::vector<float>& logits, double temperature) {
  long double sum = 0;
  long double largest = 0;
  for (const float logit : logits) {
    const long double power = std::exp(static_cast<long double>(logit) / temperature);
    sum += power;
    largest = std::max(largest, power);
  }
  return static_cast<double>(largest / sum);
}

// The score of one image.
double softmax_score(const std::vector<float>& logits, double temperature) {
  double score = 0;
  max_softmax(logits, static_cast<int>(logits.size()), temperature, {&score, 1});
  return score;
}

void max_logit(std::span<const float> logits, int classes, std::span<double> scores) {
  detectors::kMaxLogit.score({.classes = classes, .logits = logits}, scores);
}

std::string error_of(const std::vector<float>& logits, double temperature) {
  return test::error_of([&] { softmax_score(logits, temperature); });
}

TEST_CASE("maximum softmax probability of known cases") {
  CHECK(softmax_score(std::vector<float>{0, 0}, 1) == 0.5);
  CHECK(softmax_score(std::vector<float>{7}, 1000) == 1);
  CHECK(softmax_score(std::vector<float>{-3, -3, -3, -3}, 1000) == 0.25);
  // exp(16 / 8) = e^2, exp(0) = 1.
  CHECK(softmax_score(std::vector<float>{0, 16}, 8) ==
        doctest::Approx(std::exp(2.0) / (std::exp(2.0) + 1)).epsilon(kRounding));
}

TEST_CASE("maximum softmax probability equals its definition at every temperature") {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 8);
  for (const std::size_t classes : {1, 2, 10, 100}) {
    for (const double temperature : {0.5, 1.0, 17.0, 1000.0}) {
      std::vector<float> logits(classes);
      for (float& logit : logits) logit = normal(random);
      CAPTURE(classes);
      CAPTURE(temperature);
      const double expected = definition(logits, temperature);
      CHECK(std::abs(softmax_score(logits, temperature) - expected) <= kRounding * expected);
    }
  }
}

TEST_CASE("logits whose exponentials overflow have scores") {
  const float huge = std::numeric_limits<float>::max();
  CHECK(softmax_score(std::vector<float>{huge, -huge}, 1) == 1);
  CHECK(softmax_score(std::vector<float>{-huge, -huge}, 1000) == 0.5);
  CHECK(softmax_score(std::vector<float>{1000, 1001}, 1) ==
        doctest::Approx(1 / (1 + std::exp(-1.0))).epsilon(kRounding));
  CHECK(softmax_score(std::vector<float>{0, 1}, 1e-300) == 1);
}

TEST_CASE("scores at T = 1000 differ where they would be equal in single precision") {
  std::set<double> scores;
  std::set<float> single;
  for (int i = 0; i < 1000; ++i) {
    std::vector<float> logits(10, 0.0f);
    logits[3] = 8.0f + 1e-5f * static_cast<float>(i);
    const double score = softmax_score(logits, 1000);
    scores.insert(score);
    single.insert(static_cast<float>(score));
  }
  CHECK(scores.size() == 1000);
  CHECK(single.size() < 1000);
  CHECK(*scores.begin() > 0.1);
  CHECK(*scores.rbegin() < 0.101);
}

TEST_CASE("a batch has the scores of its images") {
  std::mt19937 random(2);
  std::normal_distribution<float> normal(0, 5);
  std::vector<float> logits(3 * 7);
  for (float& logit : logits) logit = normal(random);
  std::vector<double> scores(3);
  max_softmax(logits, 7, 1000, scores);
  for (std::size_t image = 0; image < 3; ++image) {
    const auto row = logits.begin() + static_cast<std::ptrdiff_t>(7 * image);
    CHECK(scores[image] == softmax_score(std::vector<float>(row, row + 7), 1000));
  }
  CHECK_NOTHROW(max_softmax(std::span<const float>(), 10, 1, std::span<double>()));
}

TEST_CASE("scores of invalid logits are an error") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  CHECK(error_of({1, nan, 2}, 1) ==
        "logit 1 of image 0 of the batch is nan, but scores need finite logits: check the weights "
        "and the magnitude");
  CHECK(error_of({1, 2, infinity}, 1000).starts_with("logit 2 of image 0 of the batch is inf,"));
  CHECK(error_of({-infinity, 2}, 1).starts_with("logit 0 of image 0 of the batch is -inf,"));
  CHECK(error_of({1}, 0) == "the temperature must be a positive number, but is 0");
  CHECK(error_of({1}, -1) == "the temperature must be a positive number, but is -1");
  CHECK(error_of({1}, nan) == "the temperature must be a positive number, but is nan");
  CHECK(error_of({}, 1) == "a score needs the logits of at least one class, but there are 0");

  std::vector<float> logits(6, 0.0f);
  std::vector<double> scores(2);
  logits[5] = nan;
  CHECK_THROWS_WITH_AS(max_softmax(logits, 3, 1, scores),
                       "logit 2 of image 1 of the batch is nan, but scores need finite logits: "
                       "check the weights and the magnitude",
                       Error);
  CHECK_THROWS_WITH_AS(max_softmax(logits, 4, 1, scores),
                       "2 scores of 4 classes need 8 logits, but 6 were given", Error);
}

TEST_CASE("maximum logit and energy equal their definitions") {
  std::mt19937 random(2);
  std::normal_distribution<float> normal(0, 8);
  for (const int classes : {1, 2, 10, 100}) {
    for (const double temperature : {0.5, 1.0, 17.0}) {
      CAPTURE(classes);
      CAPTURE(temperature);
      std::vector<float> logits(3 * static_cast<std::size_t>(classes));
      for (float& logit : logits) logit = normal(random);
      std::vector<double> largest(3);
      std::vector<double> energy(3);
      max_logit(logits, classes, largest);
      negative_energy(logits, classes, temperature, energy);
      for (std::size_t image = 0; image < 3; ++image) {
        long double sum = 0;
        float most = -1e30f;
        for (int k = 0; k < classes; ++k) {
          const float logit =
              logits[image * static_cast<std::size_t>(classes) + static_cast<std::size_t>(k)];
          sum += std::exp(static_cast<long double>(logit) / temperature);
          most = std::max(most, logit);
        }
        CHECK(largest[image] == most);
        // Values of about 30, like the logits, round by 30 * 1.1e-16 in each of three steps.
        CHECK(energy[image] ==
              doctest::Approx(static_cast<double>(temperature * std::log(sum))).epsilon(1e-14));
      }
    }
  }
}

TEST_CASE("maximum logit and energy of huge logits neither overflow nor lose precision") {
  std::vector<double> score(1);
  negative_energy(std::vector<float>{3e38f, 3e38f}, 2, 1, score);
  CHECK(score[0] == 3e38f);
  negative_energy(std::vector<float>{-1000, -1000}, 2, 1, score);
  CHECK(score[0] == doctest::Approx(-1000 + std::log(2.0)).epsilon(1e-15));
  max_logit(std::vector<float>{-3e38f, -2e38f}, 2, score);
  CHECK(score[0] == -2e38f);
}

TEST_CASE("maximum logit and energy refuse invalid logits") {
  std::vector<double> score(1);
  const std::vector<float> bad{0, std::numeric_limits<float>::infinity()};
  CHECK_THROWS_AS(max_logit(bad, 2, score), Error);
  CHECK_THROWS_AS(negative_energy(bad, 2, 1, score), Error);
  CHECK_THROWS_AS(max_logit(bad, 1, score), Error);
  CHECK_THROWS_AS(negative_energy(std::vector<float>{0, 1}, 2, 0, score), Error);
}

}  // namespace
}  // namespace odin
