// The scores of some images by every detector.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "eval/scoring/detector.h"

namespace odin {

// A larger score means more in-distribution.
struct Scores {
  // In the order of all_detectors(). A detector has one vector with a score per image; a detector that
  // uses ODIN's parameters has one such vector for each pair of them.
  std::vector<std::vector<std::vector<double>>> per_detector;
  // Predicted classes of the unchanged images.
  std::vector<std::int32_t> predictions;

  // Starts with no images, for this number of pairs of ODIN's parameters.
  explicit Scores(std::size_t parameters = 0);

  // One score per image; `parameters` is the number of the pair for a detector that uses them.
  const std::vector<double>& of(const Detector& detector, std::size_t parameters = 0) const {
    return per_parameters(detector).at(parameters);
  }
  // One vector for each pair of ODIN's parameters, of a detector that uses them.
  const std::vector<std::vector<double>>& per_parameters(const Detector& detector) const;

  // Adds the scores of more images. Throws Error unless they are for as many pairs of parameters.
  void append(const Scores& more);
};

}  // namespace odin
