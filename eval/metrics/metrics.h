// How well a score separates in-distribution from out-of-distribution images.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace odin {

// The metrics of ODIN (Liang, Li & Srikant, ICLR 2018, section 4.3), all fractions in 0..1, with
// in-distribution as the positive class: an image is declared in-distribution where its score is at
// least the threshold. TPR is the share of in-distribution images so declared, FPR the share of
// out-of-distribution images. A figure without a value is undefined, which only happens in
// the threshold sweep (see eval/metrics/threshold_sweep.h).
struct Metrics {
  std::optional<double> fpr_at_tpr95;  // FPR where TPR is 95 %
  double detection_error = 0;          // least (1 - TPR + FPR) / 2: both classes equally likely
  double auroc = 0;                    // area under the curve of TPR over FPR
  std::optional<double> aupr_in;       // area under precision over recall, in-distribution positive
  std::optional<double> aupr_out;      // the same with out-of-distribution positive, scores negated
  bool operator==(const Metrics&) const = default;
};

// Whose images the FPR at TPR 95 % counts as positive. The other figures are the same for both: an
// AUPR is named by its positive class.
enum class PositiveClass {
  kIn,  // as above, and in the ODIN paper
  // Out-of-distribution, with scores negated: the share of in-distribution images that a threshold
  // rejects which detects at least 95 % of the out-of-distribution images.
  kOut,
};

std::string_view name_of(PositiveClass positive);  // "in", "out"

enum class MetricsMethod {
  kExact,           // exact_metrics()
  kThresholdSweep,  // sweep_metrics()
  kBoth,  // exact_metrics(), and sweep_metrics() next to them for a detector that has thresholds
};

std::string_view name_of(MetricsMethod method);  // "exact", "threshold-sweep", "both"
// Throws Error, which lists the names, for any other.
MetricsMethod metrics_method(std::string_view name);

// The metrics over all thresholds, with equal scores as one step:
// - FPR at the largest threshold whose TPR is at least 95 %;
// - detection error over all thresholds, including those that accept every image or none;
// - AUROC: the probability that an in-distribution image has the higher score, ties counted half
//   (scikit-learn's roc_auc_score);
// - AUPR: average precision, the sum of (R_k - R_{k-1}) P_k over the distinct scores, without
//   interpolation (scikit-learn's average_precision_score).
// Every figure is defined. Infinite scores are allowed. Throws Error if a set is empty or a score
// is NaN.
Metrics exact_metrics(std::span<const double> in, std::span<const double> out);

// Throws Error unless both sets have scores and no score is NaN.
void validate_scores(std::span<const double> in, std::span<const double> out);

}  // namespace odin
