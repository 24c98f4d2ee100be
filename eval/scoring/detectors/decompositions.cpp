#include "eval/scoring/detectors/decompositions.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include <Eigen/Dense>

#include "eval/scoring/detectors/row_major.h"
#include "kernels/error.h"

namespace odin {
namespace {

std::vector<double> numbers_of(const RowMajor& matrix) {
  return {matrix.data(), matrix.data() + matrix.size()};
}

}  // namespace

std::vector<double> whitening(std::span<const double> covariance, std::size_t width) {
  const Eigen::Map<const RowMajor> matrix(covariance.data(), index_of(width), index_of(width));
  const Eigen::VectorXd inverse_deviations =
      matrix.diagonal().unaryExpr([](double v) { return v > 0 ? 1 / std::sqrt(v) : 0; });
  const Eigen::MatrixXd correlation =
      inverse_deviations.asDiagonal() * matrix * inverse_deviations.asDiagonal();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(correlation);
  require(solver.info() == Eigen::Success,
          "the eigenvectors of the correlations of {} features cannot be found", width);
  const double least = static_cast<double>(width) * std::numeric_limits<double>::epsilon() *
                       solver.eigenvalues().maxCoeff();
  const Eigen::VectorXd factors = solver.eigenvalues().unaryExpr(
      [least](double v) { return v > least ? 1 / std::sqrt(v) : 0; });
  return numbers_of(inverse_deviations.asDiagonal() * solver.eigenvectors() * factors.asDiagonal());
}

SingularVectors singular_vectors(std::span<const float> rows, std::size_t width,
                                 std::span<const double> center) {
  const std::size_t count = rows.size() / width;
  const std::size_t at_once = std::min(count, 3 * width);
  // The triangular factor of the rows so far, over the next ones.
  Eigen::MatrixXd stack = Eigen::MatrixXd::Zero(index_of(width + at_once), index_of(width));
  for (std::size_t first = 0; first < count; first += at_once) {
    for (std::size_t i = 0; i < at_once; ++i) {
      const auto to = index_of(width + i);
      if (first + i >= count) {
        stack.row(to).setZero();
        continue;
      }
      for (std::size_t k = 0; k < width; ++k) {
        stack(to, index_of(k)) = rows[(first + i) * width + k] - center[k];
      }
    }
    const Eigen::HouseholderQR<Eigen::MatrixXd> decomposition(stack);
    stack.topRows(index_of(width)) = decomposition.matrixQR().topRows(index_of(width));
    stack.topRows(index_of(width)).triangularView<Eigen::StrictlyLower>().setZero();
  }
  const Eigen::MatrixXd triangle = stack.topRows(index_of(width));
  const Eigen::BDCSVD<Eigen::MatrixXd> solver(triangle, Eigen::ComputeFullV);
  require(solver.info() == Eigen::Success,
          "the singular values of {} training images' features cannot be found", count);
  const Eigen::VectorXd values = solver.singularValues() / std::sqrt(static_cast<double>(count));
  return {.columns = numbers_of(solver.matrixV()),
          .values = {values.data(), values.data() + values.size()}};
}

std::vector<double> least_norm_solution(std::span<const float> matrix,
                                        std::span<const double> right) {
  const std::size_t rows = right.size();
  const std::size_t columns = matrix.size() / rows;
  RowMajor left(index_of(rows), index_of(columns));
  std::ranges::copy(matrix, left.data());
  const Eigen::Map<const Eigen::VectorXd> values(right.data(), index_of(rows));
  const Eigen::VectorXd solution = left.completeOrthogonalDecomposition().solve(values);
  return {solution.data(), solution.data() + solution.size()};
}

}  // namespace odin
