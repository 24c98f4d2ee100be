// Weights and images from a formula of their names, so that no fixture has to store them.
// tests/pytorch/formula.py evaluates the same formula, bit for bit.
#pragma once

#include <string_view>
#include <vector>

#include "nn/graph.h"
#include "nn/parameters.h"

namespace odin::test {

// `count` values in [-1, 1): a hash of the name and the index.
std::vector<double> formula_noise(std::string_view name, std::size_t count);

// Parameters that keep activations at a moderate size at any depth.
ParameterMap formula_parameters(const Graph& graph);

// (count, channels, side, side), about as spread as normalised images.
std::vector<float> formula_images(std::size_t count, const ImageShape& shape = {});

}  // namespace odin::test
