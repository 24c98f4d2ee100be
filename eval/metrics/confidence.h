// How far figures may be off because the images are a sample: 95 % confidence intervals.
#pragma once

#include <optional>
#include <span>

namespace odin {

struct Interval {
  double low = 0;
  double high = 0;
  bool operator==(const Interval&) const = default;
};

struct MetricIntervals {
  std::optional<Interval> fpr_at_tpr95;
  std::optional<Interval> auroc;
  bool operator==(const MetricIntervals&) const = default;
};

// The 95 % confidence intervals of two figures of exact_metrics(), for other images from the same
// two sources. The network is taken as it is.
// - AUROC: the variance of DeLong, DeLong & Clarke-Pearson (Biometrics 1988, section 2), ties
// counted half;
//   normal on the scale of log(A / (1 - A)), so that the interval stays in 0..1 (Pepe 2003,
//   section 5.2). Nothing where the sample shows no variance: AUROC 0 or 1, or a set of one image.
// - FPR at TPR 95 %: the percentile interval of the bootstrap in which both sets are drawn anew,
// the
//   threshold with them (Efron & Tibshirani 1993, section 13.3). Its distribution is computed, not
//   sampled, so there is no seed: a drawn threshold is an order statistic, whose rank follows from
//   a binomial distribution, and the images at or above it are binomial. Nothing for a set of one
//   image. Where no image is above any likely threshold the interval is [0, 0]: it says nothing of
//   rarer ones.
// Throws Error as exact_metrics() does.
MetricIntervals confidence_intervals(std::span<const double> in, std::span<const double> out);

// The variance of the AUROC by DeLong. Throws Error likewise, and for a set of one image.
double delong_variance(std::span<const double> in, std::span<const double> out);

}  // namespace odin
