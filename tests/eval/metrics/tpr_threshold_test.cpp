// The threshold for a TPR and its confidence interval.
#include "eval/metrics/tpr_threshold.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include "kernels/error.h"

using namespace odin;

namespace {

std::vector<double> ramp(int count) {
  std::vector<double> scores;
  for (int i = 0; i < count; ++i) scores.push_back(i * 7 % count);  // 7 and count have no divisor
  return scores;
}

}  // namespace

TEST_CASE("the Beta distribution is SciPy's") {
  // scipy.stats.beta.cdf, SciPy 1.10. Sums of up to a thousand terms: a tolerance of 1e-11.
  CHECK(beta_distribution(951, 50, 0.95) == doctest::Approx(0.4797410570873188).epsilon(1e-11));
  CHECK(beta_distribution(8550, 451, 0.95) == doctest::Approx(0.5125381097154758).epsilon(1e-10));
  CHECK(beta_distribution(10, 1, 0.3) == doctest::Approx(5.9048999999999975e-06).epsilon(1e-11));
  CHECK(beta_distribution(4, 7, 0.3) == doctest::Approx(0.3503892815999998).epsilon(1e-11));
  CHECK(beta_distribution(1, 1, 0.3) == doctest::Approx(0.3).epsilon(1e-12));
  CHECK(beta_distribution(4, 7, 0) == 0);
  CHECK(beta_distribution(4, 7, 1) == 1);
}

TEST_CASE("the threshold accepts the share asked for, and not one image more") {
  // Of 0, 1, ..., n - 1 the threshold k accepts n - k.
  for (const auto& [count, tpr, threshold] : {std::tuple{1000, 0.95, 50.0},
                                              {1003, 0.95, 50.0},
                                              {1000, 0.999, 1.0},
                                              {1000, 0.9995, 0.0},
                                              {10, 0.95, 0.0},
                                              {10, 0.05, 9.0},
                                              {10, 0.1, 9.0},
                                              {1, 0.5, 0.0},
                                              {2, 0.5, 1.0}}) {
    const TprThreshold found = tpr_threshold(ramp(count), tpr);
    CHECK(found.threshold == threshold);
    CHECK(found.accepted == doctest::Approx((count - threshold) / count));
    CHECK(found.accepted >= tpr - 1e-12);
  }
}

TEST_CASE("the interval is that of the order statistic") {
  // The 51st smallest of 1000: Beta(950, 51) by scipy.stats.beta.ppf.
  const TprThreshold found = tpr_threshold(ramp(1000), 0.95);
  CHECK(found.tpr.low == doctest::Approx(0.9346095120845064).epsilon(1e-10));
  CHECK(found.tpr.high == doctest::Approx(0.9617947632253139).epsilon(1e-10));
  // The smallest of 10: Beta(10, 1), where 1 - 0.975^(1/10) can be computed by hand.
  const TprThreshold least = tpr_threshold(ramp(10), 0.95);
  CHECK(least.tpr.low == doctest::Approx(std::pow(0.025, 0.1)).epsilon(1e-12));
  CHECK(least.tpr.high == doctest::Approx(std::pow(0.975, 0.1)).epsilon(1e-12));
}

TEST_CASE("equal scores are accepted together, and widen the interval upwards") {
  std::vector<double> scores = ramp(1000);
  for (double& score : scores) {
    if (score >= 20 && score < 80) score = 40;
  }
  const TprThreshold found = tpr_threshold(scores, 0.95);
  CHECK(found.threshold == 40);
  CHECK(found.accepted == doctest::Approx(0.98));
  const TprThreshold distinct = tpr_threshold(ramp(1000), 0.95);
  CHECK(found.tpr.low == distinct.tpr.low);
  CHECK(found.tpr.high > 0.98);
  const TprThreshold all = tpr_threshold(std::vector<double>(10, 0.5), 0.95);
  CHECK(all.threshold == 0.5);
  CHECK(all.accepted == 1);
  CHECK(tpr_threshold(std::vector<double>(100, 0.5), 0.95).tpr.high == 1);
}

TEST_CASE("95 % of the intervals contain the true share") {
  // Uniform scores: a threshold t accepts the share 1 - t. 2000 repetitions with a fixed seed; the
  // number of hits has a deviation of 0.5 %, so 93.5 to 96.5 % are three deviations.
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> uniform;
  int hits = 0;
  for (int repetition = 0; repetition < 2000; ++repetition) {
    std::vector<double> scores(200);
    for (double& score : scores) score = uniform(random);
    const TprThreshold found = tpr_threshold(scores, 0.9);
    const double truth = 1 - found.threshold;
    if (found.tpr.low <= truth && truth <= found.tpr.high) ++hits;
  }
  CHECK(hits > 1870);
  CHECK(hits < 1930);
}

TEST_CASE("a threshold cannot be set on nothing") {
  CHECK_THROWS_WITH_AS(tpr_threshold({}, 0.95), "a threshold needs at least one score", Error);
  const std::vector<double> scores = {1, 2};
  for (const double tpr : {0.0, 1.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK_THROWS_AS(tpr_threshold(scores, tpr), Error);
  }
  const std::vector<double> bad = {1, std::numeric_limits<double>::infinity()};
  CHECK_THROWS_WITH_AS(tpr_threshold(bad, 0.95),
                       "a score that the threshold is to be set on is not finite", Error);
}
