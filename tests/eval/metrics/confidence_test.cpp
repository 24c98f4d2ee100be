// Confidence intervals of the metrics, against slower definitions and by simulation.
#include "eval/metrics/confidence.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include <doctest/doctest.h>

#include "eval/metrics/metrics.h"
#include "kernels/error.h"

namespace odin::test {
namespace {

// Normal scores around `mean`, rounded to multiples of `step` for ties; 0 for none.
std::vector<double> normal_scores(std::mt19937_64& random, std::size_t count, double mean,
                                  double step = 0) {
  // Sums of twelve uniform numbers, which every standard library draws alike.
  std::vector<double> scores;
  for (std::size_t i = 0; i < count; ++i) {
    double sum = -6 + mean;
    for (int k = 0; k < 12; ++k) sum += static_cast<double>(random() >> 11) * 0x1p-53;
    scores.push_back(step > 0 ? std::round(sum / step) * step : sum);
  }
  return scores;
}

double wins(double in, double out) {
  return in > out ? 1 : in == out ? 0.5 : 0;
}

// DeLong's variance as its definition has it, over all pairs.
double variance_over_pairs(const std::vector<double>& in, const std::vector<double>& out) {
  const auto part = [](const std::vector<double>& shares) {
    double mean = 0;
    for (const double share : shares) mean += share / static_cast<double>(shares.size());
    double sum = 0;
    for (const double share : shares) sum += (share - mean) * (share - mean);
    return sum / static_cast<double>(shares.size() - 1) / static_cast<double>(shares.size());
  };
  std::vector<double> of_in(in.size());
  std::vector<double> of_out(out.size());
  for (std::size_t i = 0; i < in.size(); ++i) {
    for (std::size_t j = 0; j < out.size(); ++j) {
      of_in[i] += wins(in[i], out[j]) / static_cast<double>(out.size());
      of_out[j] += wins(in[i], out[j]) / static_cast<double>(in.size());
    }
  }
  return part(of_in) + part(of_out);
}

TEST_CASE("DeLong's variance equals its definition over all pairs, with and without ties") {
  std::mt19937_64 random(1);
  for (const double step : {0.0, 0.5, 2.0}) {
    for (const std::size_t count : {2, 3, 17, 60}) {
      CAPTURE(step);
      CAPTURE(count);
      const auto in = normal_scores(random, count, 1, step);
      const auto out = normal_scores(random, count + 5, 0, step);
      // Sums of at most 65 shares: rounding is below 1e-14.
      CHECK(std::abs(delong_variance(in, out) - variance_over_pairs(in, out)) < 1e-14);
    }
  }
}

// The same interval by drawing both sets anew, many times.
Interval drawn_fpr_interval(const std::vector<double>& in, const std::vector<double>& out,
                            std::mt19937_64& random) {
  constexpr std::size_t kDraws = 4000;
  std::vector<double> fprs;
  std::vector<double> drawn_in(in.size());
  std::vector<double> drawn_out(out.size());
  for (std::size_t draw = 0; draw < kDraws; ++draw) {
    for (double& score : drawn_in) score = in[random() % in.size()];
    for (double& score : drawn_out) score = out[random() % out.size()];
    fprs.push_back(*exact_metrics(drawn_in, drawn_out).fpr_at_tpr95);
  }
  std::sort(fprs.begin(), fprs.end());
  return {fprs[kDraws / 40], fprs[kDraws - 1 - kDraws / 40]};
}

TEST_CASE("the FPR's interval is the bootstrap's, with and without ties") {
  std::mt19937_64 random(2);
  for (const double step : {0.0, 0.5}) {
    for (const double mean : {0.5, 2.0}) {
      CAPTURE(step);
      CAPTURE(mean);
      const auto in = normal_scores(random, 150, mean, step);
      const auto out = normal_scores(random, 90, 0, step);
      const Interval computed = *confidence_intervals(in, out).fpr_at_tpr95;
      const Interval drawn = drawn_fpr_interval(in, out, random);
      // A bound of 4000 draws is off by up to three or so of 90 images.
      CHECK(std::abs(computed.low - drawn.low) <= 3.01 / 90);
      CHECK(std::abs(computed.high - drawn.high) <= 3.01 / 90);
      CHECK(computed.low < computed.high);
    }
  }
}

TEST_CASE("the intervals hold the true figures in about 95 of 100 samples") {
  // Scores of the normal distributions N(1.5, 1) and N(0, 1); AUROC is Phi(1.5 / sqrt(2)), and the
  // FPR at TPR 95 % is Phi(1.645 - 1.5). Sums of twelve uniform numbers come within 0.002 of both.
  constexpr double kAuroc = 0.8556;
  constexpr double kFpr = 0.5576;
  constexpr int kSamples = 400;
  std::mt19937_64 random(3);
  int auroc = 0;
  int fpr = 0;
  for (int i = 0; i < kSamples; ++i) {
    const auto intervals =
        confidence_intervals(normal_scores(random, 200, 1.5), normal_scores(random, 250, 0));
    const auto holds = [](const Interval& interval, double figure) {
      return interval.low <= figure && figure <= interval.high;
    };
    auroc += holds(*intervals.auroc, kAuroc);
    fpr += holds(*intervals.fpr_at_tpr95, kFpr);
  }
  // 95 %, and three standard deviations of the count (1.1 %) on both sides; the bootstrap's
  // percentiles may hold a little less or more for a quantile of 200 scores.
  CHECK(auroc >= 0.917 * kSamples);
  CHECK(auroc <= 0.983 * kSamples);
  CHECK(fpr >= 0.91 * kSamples);
  CHECK(fpr <= 0.99 * kSamples);
}

TEST_CASE("the intervals depend on the order of the scores only") {
  std::mt19937_64 random(4);
  const auto in = normal_scores(random, 80, 1, 0.25);
  const auto out = normal_scores(random, 70, 0, 0.25);
  const auto mapped = [](std::vector<double> scores) {
    for (double& score : scores) score = std::exp(3 * score);
    return scores;
  };
  CHECK(confidence_intervals(in, out) == confidence_intervals(mapped(in), mapped(out)));
  CHECK(confidence_intervals(in, out) == confidence_intervals(in, out));
}

TEST_CASE("what the sample cannot tell has no interval") {
  const std::vector<double> high{3, 4, 5};
  const std::vector<double> low{0, 1, 2};
  CHECK(confidence_intervals(high, low) == MetricIntervals{Interval{0, 0}, std::nullopt});
  CHECK(confidence_intervals(low, high) == MetricIntervals{Interval{1, 1}, std::nullopt});
  CHECK(confidence_intervals(std::vector<double>{1}, low) == MetricIntervals{});
  CHECK(confidence_intervals(high, std::vector<double>{1}) == MetricIntervals{});
  const std::vector<double> equal{1, 1, 1};
  CHECK(confidence_intervals(equal, equal) == MetricIntervals{Interval{1, 1}, std::nullopt});
  CHECK_THROWS_AS(confidence_intervals(std::vector<double>{}, low), Error);
  CHECK_THROWS_AS(confidence_intervals(high, std::vector<double>{1, NAN}), Error);
  CHECK_THROWS_AS(delong_variance(high, std::vector<double>{1}), Error);
}

}  // namespace
}  // namespace odin::test
