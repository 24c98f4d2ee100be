#include "eval/scoring/detectors/class_distances.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "eval/scoring/detectors/covariance.h"
#include "eval/scoring/detectors/decompositions.h"
#include "eval/scoring/detectors/double_rows.h"
#include "eval/scoring/detectors/feature_rows.h"
#include "eval/scoring/detectors/training_checks.h"

namespace odin {

DetectorFit fit_class_distances(const TrainingOutputs& training) {
  const auto labels = require_labels(training);
  const auto classes = static_cast<std::size_t>(training.outputs.classes);
  const auto width = static_cast<std::size_t>(training.outputs.feature_count);
  const std::span<const float> features = training.outputs.features;
  require_every_class(labels, classes, "of");

  std::vector<double> means = class_means(features, width, labels, classes);
  std::vector<double> mean = mean_row(features, width);
  std::vector<double> tied = whitening(covariance(features, width, means, labels), width);
  for (std::size_t i = 0; i < means.size(); ++i) means[i] -= mean[i % width];
  std::vector<double> centers = whitened_rows(means, tied, width);
  return {.numbers = {{"mean", std::move(mean)},
                      {"whitening", std::move(tied)},
                      {"centers", std::move(centers)}}};
}

std::vector<double> centered_rows(const NetworkOutputs& outputs, std::size_t images) {
  std::vector<double> rows = feature_rows(outputs, images);
  const auto width = static_cast<std::size_t>(outputs.feature_count);
  const auto mean = fitted_numbers(outputs.fit, "mean", width);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] -= mean[i % width];
  return rows;
}

std::vector<double> whitened_rows(std::span<const double> rows, std::span<const double> whitening,
                                  std::size_t width) {
  const std::vector<double> zeros(width, 0.0);
  std::vector<double> whitened(rows.size());
  multiply_rows(rows, whitening, zeros, whitened);
  return whitened;
}

std::vector<double> smallest_class_distances(const NetworkOutputs& outputs,
                                             std::span<const double> rows) {
  const auto classes = static_cast<std::size_t>(outputs.classes);
  const auto width = static_cast<std::size_t>(outputs.feature_count);
  const auto matrix = fitted_numbers(outputs.fit, "whitening", width * width);
  const auto centers = fitted_numbers(outputs.fit, "centers", classes * width);
  const std::vector<double> whitened = whitened_rows(rows, matrix, width);
  std::vector<double> smallest;
  for (std::size_t first = 0; first < whitened.size(); first += width) {
    const auto row = std::span(whitened).subspan(first, width);
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t c = 0; c < classes; ++c) {
      least = std::min(least, squared_distance(row, centers.subspan(c * width, width)));
    }
    smallest.push_back(least);
  }
  return smallest;
}

}  // namespace odin
