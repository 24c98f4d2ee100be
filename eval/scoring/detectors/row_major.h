// Eigen's matrices as detectors keep theirs: row by row, in double. For our own sources: it needs
// Eigen.
#pragma once

#include <cstddef>

#include <Eigen/Core>

namespace odin {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

inline Eigen::Index index_of(std::size_t number) {
  return static_cast<Eigen::Index>(number);
}

}  // namespace odin
