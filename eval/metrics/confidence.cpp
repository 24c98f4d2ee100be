#include "eval/metrics/confidence.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "eval/metrics/metrics.h"
#include "kernels/error.h"

namespace odin {
namespace {

constexpr double kTail = 0.025;                // on each side
constexpr double kNormal = 1.959963984540054;  // the standard normal quantile of 1 - kTail
constexpr double kNegligible = 1e-12;          // probability that may be left out

double as_double(std::size_t n) {
  return static_cast<double>(n);
}

std::vector<double> ascending(std::span<const double> scores) {
  std::vector<double> sorted(scores.begin(), scores.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

// The share of `sorted` below the score, equal ones counted half.
double share_below(const std::vector<double>& sorted, double score) {
  const auto [first, last] = std::equal_range(sorted.begin(), sorted.end(), score);
  const auto below = static_cast<double>(first - sorted.begin());
  return (below + static_cast<double>(last - first) / 2) / as_double(sorted.size());
}

// The mean, and the unbiased variance of the mean, of the shares of `others` below (or above) each
// score.
struct Moments {
  double mean = 0;
  double variance = 0;
};
Moments moments(const std::vector<double>& scores, const std::vector<double>& others) {
  std::vector<double> shares;
  for (const double score : scores) shares.push_back(share_below(others, score));
  Moments result;
  for (const double share : shares) result.mean += share;
  result.mean /= as_double(scores.size());
  for (const double share : shares) {
    result.variance += (share - result.mean) * (share - result.mean);
  }
  result.variance /= as_double(scores.size() - 1) * as_double(scores.size());
  return result;
}

struct Auroc {
  double area = 0;
  double variance = 0;
};
Auroc delong(const std::vector<double>& in, const std::vector<double>& out) {
  const Moments of_in = moments(in, out);  // each in-distribution image's share of wins
  const Moments of_out = moments(out, in);
  return {of_in.mean, of_in.variance + of_out.variance};
}

std::optional<Interval> auroc_interval(const std::vector<double>& in,
                                       const std::vector<double>& out) {
  const auto [area, variance] = delong(in, out);
  if (area <= 0 || area >= 1 || variance <= 0) return {};
  const double centre = std::log(area / (1 - area));
  const double width = kNormal * std::sqrt(variance) / (area * (1 - area));
  const auto back = [](double x) { return 1 / (1 + std::exp(-x)); };
  return Interval{back(centre - width), back(centre + width)};
}

// Calls use(k, P(k)) for every k of a binomial distribution whose probability is not negligible.
template <class Use>
void for_binomial(std::size_t n, double p, const Use& use) {
  if (p <= 0) return use(0, 1.0);
  if (p >= 1) return use(n, 1.0);
  const auto mode =
      static_cast<std::size_t>(std::min(std::floor((as_double(n) + 1) * p), as_double(n)));
  const auto m = as_double(mode);
  const double at_mode = std::exp(std::lgamma(as_double(n) + 1) - std::lgamma(m + 1) -
                                  std::lgamma(as_double(n) - m + 1) + m * std::log(p) +
                                  (as_double(n) - m) * std::log1p(-p));
  const double odds = p / (1 - p);
  double probability = at_mode;
  for (std::size_t k = mode; probability > kNegligible; ++k) {
    use(k, probability);
    if (k == n) break;
    probability *= odds * as_double(n - k) / as_double(k + 1);
  }
  probability = at_mode;
  for (std::size_t k = mode; k > 0; --k) {
    probability *= as_double(k) / (odds * as_double(n - k + 1));
    if (probability <= kNegligible) break;
    use(k - 1, probability);
  }
}

// P(X >= k) of a binomial distribution.
double binomial_tail(std::size_t n, double p, std::size_t k) {
  double tail = 0;
  for_binomial(n, p, [&](std::size_t i, double probability) {
    if (i >= k) tail += probability;
  });
  return std::min(tail, 1.0);
}

std::optional<Interval> fpr_interval(const std::vector<double>& in,
                                     const std::vector<double>& out) {
  const std::size_t m = in.size();
  const std::size_t n = out.size();
  // The threshold is the needed-th largest in-distribution score.
  const std::size_t needed = (m * 95 + 99) / 100;
  std::vector<double> distribution(n + 1);  // of the number of accepted out-of-distribution images
  // The drawn threshold has a rank up to r, from the largest score down, where at least `needed` of
  // m draws have one. Ranks of more than ten standard deviations less have no weight.
  const double far = 10 * std::sqrt(as_double(m) * 0.95 * 0.05) + 1;
  const auto begin = static_cast<std::size_t>(std::max(as_double(needed) - far, 0.0));
  double up_to_before = 0;
  for (std::size_t r = begin; r < m; ++r) {
    const double up_to = binomial_tail(m, as_double(r + 1) / as_double(m), needed);
    const double weight = up_to - up_to_before;
    up_to_before = up_to;
    if (weight > kNegligible) {
      const auto first = std::lower_bound(out.begin(), out.end(), in[m - 1 - r]);
      const double accepted = static_cast<double>(out.end() - first) / as_double(n);
      for_binomial(n, accepted, [&](std::size_t k, double probability) {
        distribution[k] += weight * probability;
      });
    }
    if (up_to >= 1 - kNegligible) break;
  }
  const auto quantile = [&](double p) {
    double sum = 0;
    for (std::size_t k = 0; k < n; ++k) {
      sum += distribution[k];
      if (sum >= p) return as_double(k) / as_double(n);
    }
    return 1.0;
  };
  return Interval{quantile(kTail), quantile(1 - kTail)};
}

}  // namespace

MetricIntervals confidence_intervals(std::span<const double> in, std::span<const double> out) {
  validate_scores(in, out);
  if (in.size() < 2 || out.size() < 2) return {};
  const std::vector<double> sorted_in = ascending(in);
  const std::vector<double> sorted_out = ascending(out);
  return {fpr_interval(sorted_in, sorted_out), auroc_interval(sorted_in, sorted_out)};
}

double delong_variance(std::span<const double> in, std::span<const double> out) {
  validate_scores(in, out);
  require(in.size() > 1 && out.size() > 1, "a set of one image has no variance");
  return delong(ascending(in), ascending(out)).variance;
}

}  // namespace odin
