// The metrics against figures worked out by hand.
#include "eval/metrics/metrics.h"

#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "eval/metrics/threshold_sweep.h"
#include "kernels/error.h"
#include "tests/eval/metrics/metrics_support.h"

namespace odin::test {
namespace {

TEST_CASE("exact metrics of four against four with a tie") {
  const Metrics found = exact_metrics(Scores{0.9, 0.3, 0.8, 0.7}, Scores{0.1, 0.6, 0.3, 0.5});
  check_equal(found, {
                         .fpr_at_tpr95 = 3 / 4.0,     // at 0.3, which accepts 0.6, 0.5 and 0.3
                         .detection_error = 1 / 8.0,  // at 0.7: a quarter missed, none accepted
                         .auroc = 13.5 / 16,          // 4 + 4 + 4 won, then 0.3: one won, one tied
                         .aupr_in = 3 / 4.0 + 1 / 7.0,  // three at precision 1, then one at 4 / 7
                         // From the lowest up: precision 1, 2 / 3, 3 / 4, 4 / 5 at a quarter each.
                         .aupr_out = (1 + 2 / 3.0 + 3 / 4.0 + 4 / 5.0) / 4,
                     });
}

TEST_CASE("exact metrics of sets that are apart, the wrong way round, and all equal") {
  const Scores high{0.8, 0.9};
  const Scores low{0.1, 0.2, 0.3};
  check_equal(exact_metrics(high, low), {0.0, 0.0, 1.0, 1.0, 1.0});
  // Precision of the two highest after all three others: 1 / 4 and 2 / 5. Likewise 1 / 3, 2 / 4,
  // 3 / 5.
  check_equal(exact_metrics(low, high),
              {1.0, 0.5, 0.0, (1 / 3.0 + 2 / 4.0 + 3 / 5.0) / 3, (1 / 4.0 + 2 / 5.0) / 2});
  const Scores equal(3, 0.1);
  check_equal(exact_metrics(equal, Scores(1, 0.1)), {1.0, 0.5, 0.5, 0.75, 0.25});
}

TEST_CASE("exact metrics of one score each") {
  check_equal(exact_metrics(Scores{2}, Scores{1}), {0.0, 0.0, 1.0, 1.0, 1.0});
  check_equal(exact_metrics(Scores{1}, Scores{1}), {1.0, 0.5, 0.5, 0.5, 0.5});
  check_equal(exact_metrics(Scores{1}, Scores{2}), {1.0, 0.5, 0.0, 0.5, 0.5});
}

TEST_CASE("exact metrics of infinite scores") {
  const double infinity = std::numeric_limits<double>::infinity();
  check_equal(exact_metrics(Scores{infinity, 0}, Scores{-infinity, 0}),
              {0.5, 0.25, 3.5 / 4, 0.5 + 0.5 * 2 / 3, 0.5 + 0.5 * 2 / 3});
}

TEST_CASE("19 of 20 are 95 %, 18 of 19 are less") {
  Scores in;
  for (int i = 1; i <= 20; ++i) in.push_back(i);
  const Scores out{1.5, 2, 2.5};
  CHECK(exact_metrics(in, out).fpr_at_tpr95 == 2 / 3.0);  // at 2
  in.pop_back();
  CHECK(exact_metrics(in, out).fpr_at_tpr95 == 1);  // at 1
}

TEST_CASE("the threshold sweep of two against two") {
  // Between thresholds, which are multiples of 1e-5, so that rounding does not matter.
  const Scores in{0.500005, 0.750005};
  const Scores out{0.250005, 0.500005};
  for (const bool counts_equal : {false, true}) {
    check_equal(sweep_metrics(in, out, {0, 1, counts_equal}),
                {
                    .fpr_at_tpr95 = std::nullopt,  // two images have a TPR of 0, 1/2 or 1
                    .detection_error = 1 / 4.0,
                    // FPR 1 to 1/2 at TPR 1; 1/2 to 0 at TPR 1/2, for both 0.500005 pass at once.
                    .auroc = 1 / 2.0 + 1 / 4.0,
                    // Recall 1 to 1/2 at precision 1, and the rest, 1/2, at precision 1.
                    .aupr_in = 1.0,
                    .aupr_out = 1.0,
                });
  }
}

TEST_CASE("the FPR of the threshold sweep is a mean over thresholds") {
  Scores in(19, 0.600005);
  in.push_back(0.200005);
  // TPR is 0.95 at 0.20001, ..., 0.60000: 40,000 thresholds, 10,000 of them below the higher score.
  const Scores out{0.300005, 0.000005};
  check_equal(sweep_metrics(in, out, {0, 1, false}).fpr_at_tpr95, 0.5 * 10000 / 40000);
}

TEST_CASE("the two detectors' sweeps differ where a score equals a threshold") {
  // Thresholds 0, 1, 2, ... are exact. The last one is 99,999: Q(> t) is 0 there, Q(>= t) is 1.
  const Scores in{1};
  const Scores out{99999};
  CHECK(sweep_metrics(in, out, {0, 100000, false}).auroc == 0);
  CHECK(sweep_metrics(in, out, {0, 100000, true}).auroc == 0);
  const Scores equal{5};
  // Q(> 5) = 0 while P(>= 5) = 1; but Q(>= t) falls only at 6, where P(>= t) is 0.
  CHECK(sweep_metrics(equal, equal, {0, 100000, false}).auroc == 1);
  CHECK(sweep_metrics(equal, equal, {0, 100000, true}).auroc == 0);
}

TEST_CASE("the threshold sweep of scores outside its bounds") {
  const ThresholdSweep sweep{0.1, 0.12, true};
  // All below: never accepted.
  check_equal(sweep_metrics(Scores{0.05}, Scores{0.06}, sweep),
              {std::nullopt, 0.5, 0.0, std::nullopt, 0.5});
  // All above: always accepted.
  check_equal(sweep_metrics(Scores{0.5}, Scores{0.6}, sweep),
              {std::nullopt, 0.5, 1.0, 0.5, std::nullopt});
}

TEST_CASE("the bounds of the threshold sweeps are the authors'") {
  CHECK(baseline_sweep(10).begin == 0.1);
  CHECK(baseline_sweep(10).end == 1);
  CHECK_FALSE(baseline_sweep(10).auroc_counts_equal);
  CHECK(baseline_sweep(100).begin == 0.01);
  CHECK(baseline_sweep(100).end == 1);
  CHECK(odin_sweep(10).begin == 0.1);
  CHECK(odin_sweep(10).end == 0.12);
  CHECK(odin_sweep(10).auroc_counts_equal);
  CHECK(odin_sweep(100).begin == 0.01);
  CHECK(odin_sweep(100).end == 0.0104);
  for (const auto sweep_of : {baseline_sweep, odin_sweep}) {
    CHECK_THROWS_WITH_AS(sweep_of(7),
                         "the threshold sweep is defined for networks with 10 or 100 classes, but "
                         "this one has 7: use the exact metrics",
                         Error);
  }
}

// --- bad input -----------------------------------------------------------------------------------

TEST_CASE("metrics of no scores or of NaN are an error") {
  const Scores good{0.5};
  const Scores bad{0.5, std::numeric_limits<double>::quiet_NaN()};
  const auto exact = [](const Scores& in, const Scores& out) { exact_metrics(in, out); };
  const auto sweep = [](const Scores& in, const Scores& out) { sweep_metrics(in, out, {}); };
  const auto check_errors = [&](const auto& metrics) {
    CHECK_THROWS_WITH_AS(metrics({}, good),
                         "there are no scores of in-distribution images, but metrics need at least "
                         "one: use a set with more images than --skip holds out",
                         Error);
    CHECK_THROWS_WITH_AS(metrics(good, {}),
                         "there are no scores of out-of-distribution images, but metrics need at "
                         "least one: use a set with more images than --skip holds out",
                         Error);
    CHECK_THROWS_WITH_AS(metrics(bad, good),
                         "score 2 of 2 of the in-distribution images is not a number: check the "
                         "weights and the images",
                         Error);
    CHECK_THROWS_WITH_AS(metrics(good, bad),
                         "score 2 of 2 of the out-of-distribution images is not a number: check "
                         "the weights and the images",
                         Error);
  };
  check_errors(exact);
  check_errors(sweep);
  CHECK_THROWS_WITH_AS(sweep_metrics(good, good, {1, 1, false}),
                       "a threshold sweep cannot go from 1 to 1: it must ascend", Error);
}

TEST_CASE("methods to compute metrics are found by name") {
  CHECK(metrics_method("exact") == MetricsMethod::kExact);
  CHECK(metrics_method("threshold-sweep") == MetricsMethod::kThresholdSweep);
  CHECK(metrics_method("both") == MetricsMethod::kBoth);
  CHECK(name_of(MetricsMethod::kBoth) == "both");
  CHECK_THROWS_WITH_AS(
      metrics_method("Exact"),
      "there is no method \"Exact\" to compute metrics: use exact, threshold-sweep or both", Error);
}

}  // namespace
}  // namespace odin::test
