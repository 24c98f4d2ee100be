// Mahalanobis distances of features from the classes, which `mahalanobis` and
// `relative_mahalanobis` share.
#pragma once

#include <span>
#include <vector>

#include "eval/scoring/detector.h"

namespace odin {

// Of the features h of training images: `mean` (features), of all; `whitening` (features, features)
// of the tied covariance 1/n sum_i (h_i - m_c(i)) (h_i - m_c(i))^T, where m_c is the mean of class
// c; `centers` (classes, features), the m_c less the mean, whitened. Throws Error if classes are
// not known, or one has no image.
DetectorFit fit_class_distances(const TrainingOutputs& training);

// The features (images, features) less the fit's mean. Throws Error if they are not so many
// images'.
std::vector<double> centered_rows(const NetworkOutputs& outputs, std::size_t images);

// Rows (n, features) times a matrix (features, features).
std::vector<double> whitened_rows(std::span<const double> rows, std::span<const double> whitening,
                                  std::size_t width);

// For each row, the squared distance from the nearest class.
std::vector<double> smallest_class_distances(const NetworkOutputs& outputs,
                                             std::span<const double> rows);

}  // namespace odin
