#include "eval/metrics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "kernels/error.h"

namespace odin {
namespace {

void validate_set(std::span<const double> scores, std::string_view set) {
  require(!scores.empty(),
          "there are no scores of {} images, but metrics need at least one; use a set with more "
          "images than are skipped",
          set);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    require(!std::isnan(scores[i]),
            "score {} of {} of the {} images is not a number; check the weights and the images",
            i + 1, scores.size(), set);
  }
}

// How many images a threshold accepts, at one of the distinct scores.
struct Step {
  std::uint64_t positives = 0;
  std::uint64_t negatives = 0;
};

// The counts at each distinct score, from the highest down: at the last, every image is accepted.
std::vector<Step> steps_of(std::span<const double> positive, std::span<const double> negative) {
  std::vector<double> positives(positive.begin(), positive.end());
  std::vector<double> negatives(negative.begin(), negative.end());
  std::sort(positives.begin(), positives.end(), std::greater<>());
  std::sort(negatives.begin(), negatives.end(), std::greater<>());
  std::vector<Step> steps;
  std::size_t p = 0;
  std::size_t n = 0;
  while (p < positives.size() || n < negatives.size()) {
    const double threshold = n == negatives.size()   ? positives[p]
                             : p == positives.size() ? negatives[n]
                                                     : std::max(positives[p], negatives[n]);
    while (p < positives.size() && positives[p] == threshold) ++p;
    while (n < negatives.size() && negatives[n] == threshold) ++n;
    steps.push_back({p, n});
  }
  return steps;
}

double ratio(std::uint64_t part, std::uint64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

double average_precision(const std::vector<Step>& steps) {
  double sum = 0;
  std::uint64_t before = 0;
  for (const Step& step : steps) {
    const double precision = ratio(step.positives, step.positives + step.negatives);
    sum += ratio(step.positives - before, steps.back().positives) * precision;
    before = step.positives;
  }
  return sum;
}

// The steps of the opposite question, is an image out-of-distribution, asked from the lowest score
// up.
std::vector<Step> reversed(const std::vector<Step>& steps) {
  const Step all = steps.back();
  std::vector<Step> result;
  for (std::size_t i = steps.size() - 1; i > 0; --i) {
    result.push_back(
        {all.negatives - steps[i - 1].negatives, all.positives - steps[i - 1].positives});
  }
  result.push_back({all.negatives, all.positives});
  return result;
}

}  // namespace

std::string_view name_of(MetricsMethod method) {
  return method == MetricsMethod::kExact ? "exact" : "threshold-sweep";
}

MetricsMethod metrics_method(std::string_view name) {
  for (const auto method : {MetricsMethod::kExact, MetricsMethod::kThresholdSweep}) {
    if (name == name_of(method)) return method;
  }
  fail("there is no way \"{}\" to compute metrics; use exact or threshold-sweep", name);
}

void validate_scores(std::span<const double> in, std::span<const double> out) {
  validate_set(in, "in-distribution");
  validate_set(out, "out-of-distribution");
}

Metrics exact_metrics(std::span<const double> in, std::span<const double> out) {
  validate_scores(in, out);
  const std::vector<Step> steps = steps_of(in, out);
  Metrics metrics;

  // Whole numbers, for 0.95 is none that a double can hold.
  const auto reaches_95 = [&](const Step& step) { return 20 * step.positives >= 19 * in.size(); };
  const auto at_95 = std::find_if(steps.begin(), steps.end(), reaches_95);
  metrics.fpr_at_tpr95 = ratio(at_95->negatives, out.size());

  metrics.detection_error = 0.5;  // every image accepted, or none
  std::uint64_t twice_won = 0;  // pairs in which the in-distribution image scores higher; ties half
  Step before;
  for (const Step& step : steps) {
    const double missed = ratio(in.size() - step.positives, in.size());
    const double error = (missed + ratio(step.negatives, out.size())) / 2;
    metrics.detection_error = std::min(metrics.detection_error, error);
    twice_won += (step.negatives - before.negatives) * (step.positives + before.positives);
    before = step;
  }
  metrics.auroc = ratio(twice_won, 2 * in.size() * out.size());
  metrics.aupr_in = average_precision(steps);
  metrics.aupr_out = average_precision(reversed(steps));
  return metrics;
}

}  // namespace odin
