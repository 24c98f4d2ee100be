// What detectors that read the features before the classifier share.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "eval/scoring/detector.h"

namespace odin {

// Changes the features of one image in place, which are doubles of the network's floats.
using ShapeFeatures = std::function<void(std::span<double> features)>;

// The energy (detectors/energy.cpp) of the logits that the network's classifier gives for changed features:
// log sum_j exp(w_j h + b_j), in double throughout. Throws Error if a feature, or a sum, is not finite, and if the
// numbers of features and scores do not fit.
void shaped_energy(const NetworkOutputs& outputs, const ShapeFeatures& shape,
                   std::span<double> scores);

// The rows of outputs.features as doubles, one image after another. Throws Error likewise.
void for_feature_rows(const NetworkOutputs& outputs, std::size_t images,
                      const std::function<void(std::size_t image, std::span<double> row)>& use);

}  // namespace odin
