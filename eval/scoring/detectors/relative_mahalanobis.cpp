// The relative Mahalanobis distance: that of the features h before the classifier from the nearest
// class, less that from all training images,
//
//   S = -min_c ((h - m_c)^T C^+ (h - m_c) - (h - m)^T C_0^+ (h - m))
//
// for the classes' means m_c with the tied covariance C, as in `mahalanobis`, and the mean m of all
// training images with their covariance C_0. Ren et al., "A simple fix to Mahalanobis distance for
// improving near-OOD detection", ICML 2021 workshop on uncertainty, section 2, equation 2. Fit: see
// class_distances.h; `background` (features, features) is the whitening matrix of C_0.
#include "eval/scoring/detectors/class_distances.h"
#include "eval/scoring/detectors/covariance.h"
#include "eval/scoring/detectors/decompositions.h"
#include "eval/scoring/detectors/double_rows.h"
#include "eval/scoring/detectors/registry.h"

namespace odin {
namespace {

DetectorFit fit(const TrainingOutputs& training) {
  DetectorFit fit = fit_class_distances(training);
  const auto width = static_cast<std::size_t>(training.outputs.feature_count);
  const auto all = covariance(training.outputs.features, width, fit.numbers.at("mean"), {});
  fit.numbers["background"] = whitening(all, width);
  return fit;
}

void score(const NetworkOutputs& outputs, std::span<double> scores) {
  const auto width = static_cast<std::size_t>(outputs.feature_count);
  const std::vector<double> rows = centered_rows(outputs, scores.size());
  const std::vector<double> distances = smallest_class_distances(outputs, rows);
  const std::vector<double> whitened =
      whitened_rows(rows, fitted_numbers(outputs.fit, "background", width * width), width);
  const std::vector<double> zeros(width, 0.0);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const auto row = std::span(whitened).subspan(i * width, width);
    scores[i] = squared_distance(zeros, row) - distances[i];
  }
}

}  // namespace

constexpr Detector detectors::kRelativeMahalanobis{
    .name = "relative_mahalanobis",
    .title = "Relative Mahalanobis",
    .heading = "Rel. Mahalanobis",
    .score_file = "RelativeMahalanobis",
    .paper = "Ren et al., 2021, arXiv:2106.09022",
    .score = score,
    .fit = fit,
    .uses_features = true,
};

}  // namespace odin
