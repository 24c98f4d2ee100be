// Small plans with random weights, of awkward shapes.
#pragma once

#include <vector>

#include "tests/kernels/random_plans.h"

namespace odin::test {

// Two dense blocks with a pooling transition, as DenseNet-BC has them.
Plan dense_plan(int height, int width, int growth);
// Two residual blocks. The second has a stride, as many times the channels, and a shortcut that
// shares the prologue of the convolution beside it.
Plan residual_plan(int height, int width, int channels, int stride = 2);
// What neither of the two networks has: large and even kernels, odd strides, overlapping pools, a
// normalisation without a ReLU, channels that nothing reads.
Plan odd_plan(int height, int width);
// One convolution between an image and a linear layer.
Plan single_plan(int in, int out, int height, int width, const RandomPlan::Options& options);

// Plans of all these kinds, of many sizes.
std::vector<Plan> small_plans();

}  // namespace odin::test
