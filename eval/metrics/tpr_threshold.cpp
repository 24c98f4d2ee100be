#include "eval/metrics/tpr_threshold.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "kernels/error.h"

namespace odin {
namespace {

constexpr double kTail = 0.025;  // on each side of the interval

// By bisection, to the last bit that matters.
double beta_quantile(long a, long b, double probability) {
  double low = 0;
  double high = 1;
  for (int step = 0; step < 60; ++step) {
    const double middle = (low + high) / 2;
    (beta_distribution(a, b, middle) < probability ? low : high) = middle;
  }
  return (low + high) / 2;
}

// How many of the lowest scores may be rejected. The tolerance is for products such as 1000 x (1 -
// 0.95), which rounding puts just above or below a whole number.
long most_rejected(std::size_t n, double tpr) {
  return static_cast<long>(std::floor(static_cast<double>(n) * (1 - tpr) + 1e-9));
}

}  // namespace

double beta_distribution(long a, long b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // For whole numbers it is the probability of at least a successes in n = a + b - 1 trials.
  const auto n = static_cast<double>(a + b - 1);
  double sum = 0;
  for (long successes = a; successes <= a + b - 1; ++successes) {
    const auto k = static_cast<double>(successes);
    sum += std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) +
                    k * std::log(x) + (n - k) * std::log1p(-x));
  }
  return std::min(sum, 1.0);
}

TprThreshold tpr_threshold(std::span<const double> scores, double tpr) {
  require(!scores.empty(), "a threshold needs at least one score");
  require(tpr > 0 && tpr < 1, "the TPR must be between 0 and 1, but is {}", tpr);
  require(std::ranges::all_of(scores, [](double s) { return std::isfinite(s); }),
          "a score that the threshold is to be set on is not finite");
  std::vector<double> sorted(scores.begin(), scores.end());
  std::sort(sorted.begin(), sorted.end());
  const auto n = static_cast<long>(sorted.size());
  const long rejected = most_rejected(sorted.size(), tpr);  // < n, because tpr > 0
  TprThreshold result;
  result.threshold = sorted[static_cast<std::size_t>(std::min(rejected, n - 1))];
  const auto first = std::lower_bound(sorted.begin(), sorted.end(), result.threshold);
  const long below = first - sorted.begin();  // fewer than `rejected` where scores are equal
  result.accepted = static_cast<double>(n - below) / static_cast<double>(n);
  const long rank = std::min(rejected, n - 1) + 1;
  result.tpr.low = beta_quantile(n - rank + 1, rank, kTail);
  if (below + 1 == rank) {
    result.tpr.high = beta_quantile(n - rank + 1, rank, 1 - kTail);
  } else {
    result.tpr.high = below == 0 ? 1 : beta_quantile(n - below + 1, below, 1 - kTail);
  }
  return result;
}

}  // namespace odin
