// The negative squared Mahalanobis distance of the features h before the classifier from the
// nearest class,
//
//   S = -min_c (h - m_c)^T C^+ (h - m_c)
//
// for the classes' mean features m_c and their tied covariance C = 1/n sum_i (h_i - m_c(i)) (h_i -
// m_c(i))^T, over the training images. Lee, Lee, Lee & Shin, "A simple unified framework for
// detecting out-of-distribution samples and adversarial attacks", NeurIPS 2018, section 2.1,
// equation 2: the last features alone, and the image as it is. C^+ is the inverse, or a
// pseudo-inverse where features are constant or depend on each other (decompositions.h). (The
// published code has the pseudo-inverse of C as it is, which takes small variances for none.) Fit:
// see class_distances.h.
#include "eval/scoring/detectors/class_distances.h"
#include "eval/scoring/detectors/registry.h"

namespace odin {
namespace {

void score(const NetworkOutputs& outputs, std::span<double> scores) {
  const std::vector<double> rows = centered_rows(outputs, scores.size());
  const std::vector<double> distances = smallest_class_distances(outputs, rows);
  for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = -distances[i];
}

}  // namespace

constexpr Detector detectors::kMahalanobis{
    .name = "mahalanobis",
    .title = "Mahalanobis",
    .heading = "Mahalanobis",
    .score_file = "Mahalanobis",
    .paper = "Lee, Lee, Lee & Shin, NeurIPS 2018, arXiv:1807.03888",
    .score = score,
    .fit = fit_class_distances,
    .uses_features = true,
};

}  // namespace odin
