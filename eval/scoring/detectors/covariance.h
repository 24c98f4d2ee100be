// Means and covariances of training images' features.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace odin {

// The mean (width) of rows (n, width).
std::vector<double> mean_row(std::span<const float> rows, std::size_t width);

// The means (classes, width) of the rows of each class, without those of kNoClass. Every class has
// one.
std::vector<double> class_means(std::span<const float> rows, std::size_t width,
                                std::span<const std::int32_t> labels, std::size_t classes);

// The symmetric matrix (width, width)  1/n sum_i (x_i - c_i) (x_i - c_i)^T  over rows x (n, width),
// where c_i is the row `center_of[i]` of centers (m, width), or the only one if center_of is empty.
std::vector<double> covariance(std::span<const float> rows, std::size_t width,
                               std::span<const double> centers,
                               std::span<const std::int32_t> center_of);

}  // namespace odin
