// Small plans with random weights, of awkward shapes.
#pragma once

#include <vector>

#include "tests/kernels/random_plans.h"

namespace odin::test {

// Two dense blocks with a pooling transition, as DenseNet-BC has them.
Plan dense_plan(int height, int width, int growth);
// Residual blocks. The second has stride 2 and a shortcut that shares the first's prologue.
Plan residual_plan(int height, int width, int channels);
// What neither of the two networks has: large and even kernels, odd strides, overlapping pools, a
// normalisation without a ReLU, channels that nothing reads.
Plan odd_plan(int height, int width);
// One convolution between an image and a linear layer.
Plan single_plan(int in, int out, int height, int width, const RandomPlan::Options& options);

// Plans of all these kinds, of many sizes.
std::vector<Plan> small_plans();

}  // namespace odin::test
