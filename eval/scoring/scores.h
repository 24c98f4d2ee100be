// The scores of some images by every detector.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "eval/scoring/detector.h"

namespace odin {

// The larger a score, the more the image looks like the in-distribution.
struct Scores {
  // By the position of the detector in all_detectors(): one vector with a score per image, or, for a
  // detector that uses ODIN's parameters, one such vector for each pair of them.
  std::vector<std::vector<std::vector<double>>> per_detector;
  // Predicted classes of the images as they are.
  std::vector<std::int32_t> predictions;

  // Of no images so far, with this number of pairs of ODIN's parameters.
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
