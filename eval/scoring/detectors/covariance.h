// Covariances of training images' features, and what detectors need of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace odin {

// The mean (width) of rows (n, width).
std::vector<double> mean_row(std::span<const float> rows, std::size_t width);

// The means (classes, width) of the rows of each class, without those of kNoClass. Every class has one.
std::vector<double> class_means(std::span<const float> rows, std::size_t width,
                                std::span<const std::int32_t> labels, std::size_t classes);

// The symmetric matrix (width, width)  1/n sum_i (x_i - c_i) (x_i - c_i)^T  over rows x (n, width), where c_i is the
// row `center_of[i]` of centers (m, width), or the only one if center_of is empty.
std::vector<double> covariance(std::span<const float> rows, std::size_t width,
                               std::span<const double> centers,
                               std::span<const std::int32_t> center_of);

// The eigenvectors, as columns (width, width), of a symmetric matrix (width, width), by falling eigenvalues, and these.
struct Eigenvectors {
  std::vector<double> columns;
  std::vector<double> values;
};
Eigenvectors eigenvectors(std::span<const double> symmetric, std::size_t width);

// A matrix W (width, width) with  W W^T = the pseudo-inverse of a covariance: |W^T x|^2 is the squared Mahalanobis
// distance of x. Eigenvalues of at most width 2^-52 times the largest one count as 0, as in scipy.linalg.pinvh.
std::vector<double> whitening(std::span<const double> covariance, std::size_t width);

// The solution x (columns) of least norm of  matrix x = right  in the sense of least squares: the product of the
// pseudo-inverse of matrix (rows, columns) and right (rows).
std::vector<double> least_norm_solution(std::span<const float> matrix,
                                        std::span<const double> right);

}  // namespace odin
