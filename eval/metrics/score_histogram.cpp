#include "eval/metrics/score_histogram.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

#include "eval/metrics/metrics.h"
#include "kernels/error.h"

namespace odin {
namespace {

constexpr double kOutside = 0.002;  // share of the scores beyond either end

// Begin and end of the bins.
std::pair<double, double> range_of(std::span<const double> in, std::span<const double> out) {
  std::vector<double> scores;
  for (const auto set : {in, out}) {
    std::copy_if(set.begin(), set.end(), std::back_inserter(scores),
                 [](double score) { return std::isfinite(score); });
  }
  if (scores.empty()) return {0, 1};
  std::sort(scores.begin(), scores.end());
  const auto outside = static_cast<std::size_t>(kOutside * static_cast<double>(scores.size()));
  const double begin = scores[outside];
  const double end = scores[scores.size() - 1 - outside];
  // A difference too small for the bounds of bins counts as none, and so does one of numbers that
  // have lost digits, which are next to 0.
  const double largest = std::max(std::abs(begin), std::abs(end));
  if (largest < std::numeric_limits<double>::min()) return {begin - 0.5, end + 0.5};
  const double least = 1e-9 * largest;
  if (end - begin > least) return {begin, end};
  return {begin - least, end + least};
}

std::vector<double> shares(std::span<const double> scores, double begin, double end,
                           std::size_t bins) {
  std::vector<std::size_t> counts(bins);
  const auto last = static_cast<double>(bins - 1);
  for (const double score : scores) {
    // Halved, because the difference of two doubles may overflow.
    const double position = (score / 2 - begin / 2) / (end / 2 - begin / 2);
    const double bin = std::floor(position * static_cast<double>(bins));
    ++counts[static_cast<std::size_t>(std::clamp(bin, 0.0, last))];
  }
  std::vector<double> result;
  for (const std::size_t count : counts) {
    result.push_back(static_cast<double>(count) / static_cast<double>(scores.size()));
  }
  return result;
}

}  // namespace

ScoreHistogram score_histogram(std::span<const double> in, std::span<const double> out,
                               std::size_t bins) {
  validate_scores(in, out);
  require(bins >= 1, "a histogram needs at least one bin");
  const auto [begin, end] = range_of(in, out);
  return {begin, end, shares(in, begin, end, bins), shares(out, begin, end, bins)};
}

}  // namespace odin
