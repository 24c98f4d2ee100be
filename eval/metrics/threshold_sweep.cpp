#include "eval/metrics/threshold_sweep.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "kernels/error.h"

namespace odin {
namespace {

constexpr double kSteps = 100000;

ThresholdSweep sweep_of(int classes, double end_of_10, double end_of_100, bool auroc_counts_equal) {
  require(classes == 10 || classes == 100,
          "the threshold sweep is defined for networks with 10 or 100 classes, but this one has "
          "{}: use the exact metrics",
          classes);
  return {1.0 / classes, classes == 10 ? end_of_10 : end_of_100, auroc_counts_equal};
}

// The fractions of scores on either side of a threshold.
class Fractions {
 public:
  explicit Fractions(std::span<const double> scores) : sorted_(scores.begin(), scores.end()) {
    std::sort(sorted_.begin(), sorted_.end());
  }

  double below(double t) const { return fraction(count_below(t)); }
  double at_least(double t) const { return fraction(sorted_.size() - count_below(t)); }
  double above(double t) const {
    const auto first = std::upper_bound(sorted_.begin(), sorted_.end(), t);
    return fraction(static_cast<std::size_t>(sorted_.end() - first));
  }

 private:
  std::size_t count_below(double t) const {
    const auto first = std::lower_bound(sorted_.begin(), sorted_.end(), t);
    return static_cast<std::size_t>(first - sorted_.begin());
  }
  double fraction(std::size_t count) const {
    return static_cast<double>(count) / static_cast<double>(sorted_.size());
  }

  std::vector<double> sorted_;
};

// The area under precision p / (p + q) over recall p, as p falls from 1.
class PrecisionRecallArea {
 public:
  void add(double p, double q) {
    precision_ = p / (p + q);
    sum_ += (recall_ - p) * precision_;
    recall_ = p;
    any_ = true;
  }
  std::optional<double> total() const {
    if (!any_) return std::nullopt;
    return sum_ + recall_ * precision_;
  }

 private:
  double sum_ = 0;
  double recall_ = 1;
  double precision_ = 0;
  bool any_ = false;
};

}  // namespace

ThresholdSweep baseline_sweep(int classes) {
  return sweep_of(classes, 1, 1, false);
}
ThresholdSweep odin_sweep(int classes) {
  return sweep_of(classes, 0.12, 0.0104, true);
}

std::vector<double> arange(double begin, double end, double step) {
  const double length = std::ceil((end - begin) / step);
  std::vector<double> values(length > 0 ? static_cast<std::size_t>(length) : 0);
  const double rounded_step = (begin + step) - begin;
  for (std::size_t k = 0; k < values.size(); ++k) {
    values[k] = begin + static_cast<double>(k) * rounded_step;
  }
  return values;
}

Metrics sweep_metrics(std::span<const double> in, std::span<const double> out,
                      const ThresholdSweep& sweep) {
  validate_scores(in, out);
  require(sweep.begin < sweep.end, "a threshold sweep cannot go from {} to {}: it must ascend",
          sweep.begin, sweep.end);
  const Fractions in_scores(in);
  const Fractions out_scores(out);
  const double step = (sweep.end - sweep.begin) / kSteps;
  Metrics metrics;

  double fpr_sum = 0;
  double fpr_count = 0;
  double error = 1;
  double auroc = 0;
  double last_fpr = 1;
  double last_tpr = 1;
  PrecisionRecallArea aupr_in;
  for (const double t : arange(sweep.begin, sweep.end, step)) {
    const double tpr = in_scores.at_least(t);
    const double fpr_above = out_scores.above(t);
    const double fpr_at_least = out_scores.at_least(t);
    if (tpr >= 0.9495 && tpr <= 0.9505) {
      fpr_sum += fpr_above;
      ++fpr_count;
    }
    error = std::min(error, (in_scores.below(t) + fpr_above) / 2);
    const double fpr = sweep.auroc_counts_equal ? fpr_at_least : fpr_above;
    auroc += (last_fpr - fpr) * tpr;
    last_fpr = fpr;
    last_tpr = tpr;
    if (tpr + fpr_at_least > 0) aupr_in.add(tpr, fpr_at_least);
  }
  if (fpr_count > 0) metrics.fpr_at_tpr95 = fpr_sum / fpr_count;
  metrics.detection_error = error;
  metrics.auroc = auroc + last_fpr * last_tpr;
  metrics.aupr_in = aupr_in.total();

  PrecisionRecallArea aupr_out;
  for (const double t : arange(sweep.end, sweep.begin, -step)) {
    const double p = out_scores.below(t);
    const double q = in_scores.below(t);
    if (p + q == 0) break;
    aupr_out.add(p, q);
  }
  metrics.aupr_out = aupr_out.total();
  return metrics;
}

}  // namespace odin
