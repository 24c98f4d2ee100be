// The metrics as the authors of ODIN computed them: a sweep of equally spaced thresholds.
#pragma once

#include <span>
#include <vector>

#include "eval/metrics/metrics.h"

namespace odin {

// The thresholds that a detector is swept over, and the one rule in which the two detectors differ.
struct ThresholdSweep {
  double begin = 0;  // first threshold
  double end = 1;    // the thresholds end before it
  // Whether the FPR of the AUROC counts the images whose score equals the threshold.
  bool auroc_counts_equal = false;
};

// The authors' sweeps. Both begin at 1 / classes. The baseline's ends at 1. ODIN's, whose scores at
// T = 1000 are just above 1 / classes, ends at 0.12 for 10 classes and at 0.0104 for 100. The
// authors give no other ends and no rule, so any other number of classes throws Error.
ThresholdSweep baseline_sweep(int classes);
ThresholdSweep odin_sweep(int classes);

// With P and Q the fractions of in- and out-of-distribution scores, over thresholds t = begin,
// begin + h, ... below end, h = (end - begin) / 100000:
// - FPR: the mean of Q(> t) over those t with 0.9495 <= P(>= t) <= 0.9505; undefined if there is
//   no such t;
// - detection error: the least (P(< t) + Q(> t)) / 2, at most 1;
// - AUROC: the sum of (f_prev - f) P(>= t), f_prev = 1 at first, f = Q(> t) or Q(>= t), plus
//   f P(>= t) of the last t;
// - AUPR-In: with p = P(>= t), q = Q(>= t), over t with p + q > 0, the sum of
//   (p_prev - p) p / (p + q), p_prev = 1 at first, plus p p / (p + q) of the last such t;
//   undefined if all scores are below begin;
// - AUPR-Out: the same with p = Q(< t), q = P(< t) and t = end, end - h, ... above begin, until
//   p + q = 0; undefined if no score is below end.
// The thresholds are those of NumPy's arange, bit for bit: scores may be equal to them.
//
// It approximates exact_metrics(), which is more accurate: images between the same two thresholds
// count as equal, and scores outside [begin, end) are cut off. Throws Error as exact_metrics()
// does, and unless begin < end.
Metrics sweep_metrics(std::span<const double> in, std::span<const double> out,
                      const ThresholdSweep& sweep);

// The values of NumPy's arange(begin, end, step) for float64, bit for bit: ceil((end - begin) /
// step) values begin + k d, where d is (begin + step) - begin, rounded.
std::vector<double> arange(double begin, double end, double step);

}  // namespace odin
