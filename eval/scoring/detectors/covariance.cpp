#include "eval/scoring/detectors/covariance.h"

#include <algorithm>

#include <Eigen/Dense>

#include "eval/scoring/detectors/row_major.h"
#include "eval/scoring/detectors/training_checks.h"

namespace odin {
namespace {

// Rows that are added to a covariance at once.
constexpr std::size_t kRowsAtOnce = 256;

}  // namespace

std::vector<double> mean_row(std::span<const float> rows, std::size_t width) {
  const std::vector<std::int32_t> one_class(rows.size() / width, 0);
  return class_means(rows, width, one_class, 1);
}

std::vector<double> class_means(std::span<const float> rows, std::size_t width,
                                std::span<const std::int32_t> labels, std::size_t classes) {
  std::vector<double> means(classes * width, 0.0);
  std::vector<double> counts(classes, 0.0);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == kNoClass) continue;
    const auto label = static_cast<std::size_t>(labels[i]);
    const auto row = rows.subspan(i * width, width);
    double* const mean = means.data() + label * width;
    for (std::size_t k = 0; k < width; ++k) mean[k] += row[k];
    ++counts[label];
  }
  for (std::size_t i = 0; i < means.size(); ++i) means[i] /= counts[i / width];
  return means;
}

std::vector<double> covariance(std::span<const float> rows, std::size_t width,
                               std::span<const double> centers,
                               std::span<const std::int32_t> center_of) {
  const std::size_t count = rows.size() / width;
  RowMajor sum = RowMajor::Zero(index_of(width), index_of(width));
  RowMajor block(index_of(std::min(kRowsAtOnce, count)), index_of(width));
  for (std::size_t first = 0; first < count; first += kRowsAtOnce) {
    const std::size_t in_block = std::min(kRowsAtOnce, count - first);
    for (std::size_t i = 0; i < in_block; ++i) {
      const auto row = rows.subspan((first + i) * width, width);
      const auto center =
          center_of.empty() ? std::size_t{0} : static_cast<std::size_t>(center_of[first + i]);
      double* const difference = block.data() + i * width;
      for (std::size_t k = 0; k < width; ++k) difference[k] = row[k] - centers[center * width + k];
    }
    sum.selfadjointView<Eigen::Lower>().rankUpdate(block.topRows(index_of(in_block)).transpose());
  }
  RowMajor mean = sum.selfadjointView<Eigen::Lower>();
  mean /= static_cast<double>(count);
  return {mean.data(), mean.data() + mean.size()};
}

}  // namespace odin
