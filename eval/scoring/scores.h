// The scores of some images by some detectors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "eval/scoring/detector.h"
#include "eval/scoring/detectors/registry.h"

namespace odin {

// A larger score means more in-distribution.
struct Scores {
  std::vector<const Detector*> detectors;
  // In their order. A detector has one vector with a score per image; a detector that
  // uses ODIN's parameters has one such vector for each pair of them.
  std::vector<std::vector<std::vector<double>>> per_detector;
  // Predicted classes of the unchanged images.
  std::vector<std::int32_t> predictions;

  // Starts with no images, for this number of pairs of ODIN's parameters.
  explicit Scores(std::size_t parameters = 0,
                  std::span<const Detector* const> of_detectors = default_detectors());

  // One score per image; `parameters` is the number of the pair for a detector that uses them.
  const std::vector<double>& of(const Detector& detector, std::size_t parameters = 0) const {
    return per_parameters(detector).at(parameters);
  }
  // One vector for each pair of ODIN's parameters, of a detector that uses them.
  const std::vector<std::vector<double>>& per_parameters(const Detector& detector) const;

  // Adds the scores of more images. Throws Error unless they are by the same detectors, for as many
  // pairs of parameters.
  void append(const Scores& more);
};

}  // namespace odin
