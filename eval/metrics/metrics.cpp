#include "eval/metrics/metrics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "eval/metrics/threshold_steps.h"
#include "kernels/error.h"

namespace odin {
namespace {

void validate_set(std::span<const double> scores, std::string_view set) {
  require(!scores.empty(),
          "there are no scores of {} images, but metrics need at least one: use a set with more "
          "images than --skip holds out",
          set);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    require(!std::isnan(scores[i]),
            "score {} of {} of the {} images is not a number: check the weights and the images",
            i + 1, scores.size(), set);
  }
}

double ratio(std::uint64_t part, std::uint64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

// Average precision with the set counted in ThresholdStep::in as the positive class.
double average_precision(const std::vector<ThresholdStep>& steps) {
  double sum = 0;
  std::uint64_t before = 0;
  for (const ThresholdStep& step : steps) {
    const double precision = ratio(step.in, step.in + step.out);
    sum += ratio(step.in - before, steps.back().in) * precision;
    before = step.in;
  }
  return sum;
}

// The steps for the opposite question, with out-of-distribution as the positive class and the
// scores negated: the two sets change places.
std::vector<ThresholdStep> reversed(const std::vector<ThresholdStep>& steps) {
  const ThresholdStep all = steps.back();
  std::vector<ThresholdStep> result;
  for (std::size_t i = steps.size() - 1; i > 0; --i) {
    result.push_back({-steps[i].threshold, all.out - steps[i - 1].out, all.in - steps[i - 1].in});
  }
  result.push_back({-steps.front().threshold, all.out, all.in});
  return result;
}

}  // namespace

std::string_view name_of(PositiveClass positive) {
  return positive == PositiveClass::kIn ? "in" : "out";
}

std::string_view name_of(MetricsMethod method) {
  switch (method) {
    case MetricsMethod::kExact:
      return "exact";
    case MetricsMethod::kThresholdSweep:
      return "threshold-sweep";
    case MetricsMethod::kBoth:
      return "both";
  }
  fail("there is no such method to compute metrics");
}

MetricsMethod metrics_method(std::string_view name) {
  for (const auto method :
       {MetricsMethod::kExact, MetricsMethod::kThresholdSweep, MetricsMethod::kBoth}) {
    if (name == name_of(method)) return method;
  }
  fail("there is no method \"{}\" to compute metrics: use exact, threshold-sweep or both", name);
}

void validate_scores(std::span<const double> in, std::span<const double> out) {
  validate_set(in, "in-distribution");
  validate_set(out, "out-of-distribution");
}

Metrics exact_metrics(std::span<const double> in, std::span<const double> out) {
  validate_scores(in, out);
  const std::vector<ThresholdStep> steps = threshold_steps(in, out);
  Metrics metrics;
  metrics.fpr_at_tpr95 = ratio(step_at_tpr95(steps).out, out.size());

  metrics.detection_error = 0.5;  // every image accepted, or none
  std::uint64_t twice_won = 0;  // pairs in which the in-distribution image scores higher; ties half
  ThresholdStep before;
  for (const ThresholdStep& step : steps) {
    const double missed = ratio(in.size() - step.in, in.size());
    const double error = (missed + ratio(step.out, out.size())) / 2;
    metrics.detection_error = std::min(metrics.detection_error, error);
    twice_won += (step.out - before.out) * (step.in + before.in);
    before = step;
  }
  metrics.auroc = ratio(twice_won, 2 * in.size() * out.size());
  metrics.aupr_in = average_precision(steps);
  metrics.aupr_out = average_precision(reversed(steps));
  return metrics;
}

}  // namespace odin
