// Decompositions of matrices that detectors are fitted with.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace odin {

// A matrix W (width, width) with  W W^T = D^-1 (D^-1 C D^-1)^+ D^-1  for a covariance C, where D^2
// is its diagonal: |W^T x|^2 is the squared Mahalanobis distance of x. Where C is invertible that
// is its inverse; where a feature is constant it counts for nothing. Deviations of a DenseNet's
// features span ten powers of ten, so that the pseudo-inverse of C itself would be little more than
// rounding errors. Eigenvalues of at most width 2^-52 times the largest one count as 0.
std::vector<double> whitening(std::span<const double> covariance, std::size_t width);

// The singular values of rows x (n, width) less a center (width), as they fall, divided by sqrt(n),
// and their right singular vectors, the columns of (width, width): the square roots of the
// eigenvalues of the mean of (x - center) (x - center)^T, and its eigenvectors. Those of small
// values would drown in the rounding errors of that matrix.
struct SingularVectors {
  std::vector<double> columns;
  std::vector<double> values;
};
SingularVectors singular_vectors(std::span<const float> rows, std::size_t width,
                                 std::span<const double> center);

// The solution x (columns) of least norm of  matrix x = right  in the sense of least squares: the
// product of the pseudo-inverse of matrix (rows, columns) and right (rows).
std::vector<double> least_norm_solution(std::span<const float> matrix,
                                        std::span<const double> right);

}  // namespace odin
