// The threshold that keeps a share of the in-distribution images, and how sure that share is.
#pragma once

#include <span>

#include "eval/metrics/confidence.h"

namespace odin {

struct TprThreshold {
  double threshold = 0;  // images whose score is at least this are accepted
  double accepted = 0;  // the share of the given scores that it accepts: at least the TPR asked for
  // Of the share that it accepts of further images from the same source: a 95 % confidence
  // interval.
  Interval tpr;
};

// The greatest threshold that accepts at least the share `tpr` of the scores: the k-th smallest of
// n, with k = floor(n (1 - tpr)) + 1.
//
// The interval follows from the order statistics and holds for every distribution of scores: if F
// is its distribution function, 1 - F(k-th smallest) has the distribution Beta(n - k + 1, k),
// whose 2.5 and 97.5 % quantiles are taken (David & Nagaraja, "Order statistics", 2003,
// sections 2.1 and 7.1). Where several scores equal the threshold, the upper end is that of the
// last score below them. The interval does not count that the share of a finite number of further
// images varies by itself.
//
// Throws Error for no scores, for one that is not finite, and for a TPR outside (0, 1).
TprThreshold tpr_threshold(std::span<const double> scores, double tpr);

// The share of the distribution Beta(a, b) below x in [0, 1], for whole numbers a, b >= 1.
double beta_distribution(long a, long b, double x);

}  // namespace odin
