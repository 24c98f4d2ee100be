// What detectors that read the features before the classifier share.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "eval/scoring/detector.h"

namespace odin {

// Throws Error if the outputs are not those of so many images with features and a classifier, or a
// feature is not finite.
void require_feature_rows(const NetworkOutputs& outputs, std::size_t images);

// The features (images, feature_count) as doubles. Throws Error likewise.
std::vector<double> feature_rows(const NetworkOutputs& outputs, std::size_t images);

// The energy (detectors/energy.cpp) of the logits  rows weights + bias  of changed features (n,
// width), for weights (width, classes): log sum_j exp(w_j h + b_j), in double throughout. Throws
// Error if one is not finite.
void energy_of_rows(std::span<const double> rows, std::span<const double> weights,
                    std::span<const float> bias, std::span<double> scores);

// Changes the features of one image in place, which are doubles of the network's floats.
using ShapeFeatures = std::function<void(std::span<double> features)>;

// The energy of the logits that the network's classifier gives for changed features. Throws Error
// as these do.
void shaped_energy(const NetworkOutputs& outputs, const ShapeFeatures& shape,
                   std::span<double> scores);

}  // namespace odin
