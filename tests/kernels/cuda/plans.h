// Small evaluation plans, and running them, for tests of the CUDA back end.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/plan.h"

namespace odin::test {

// Two dense blocks of two layers with a transition, as in DenseNet-BC.
Plan small_densenet();
// A residual block with a shortcut of stride 2 and two without, as in a wide ResNet.
Plan small_resnet();
// What neither network has: a convolution closed by a ReLU that is read by a residual, by a
// prologue, and in part; normalisations with and without a ReLU; a residual that is read again; odd
// sizes; a linear step over several pixels.
Plan awkward_plan();

// The plan with small whole numbers for weights, biases, scales and shifts, and most weights zero.
// For images of whole numbers (random_whole_images), activations before the last pool have 8 bits,
// very few 9, so that no precision rounds them, and a ReLU is open in all precisions or in none.
Plan in_whole_numbers(Plan plan);
std::vector<float> random_whole_images(const Plan& plan, std::int64_t n, std::uint32_t seed);

// What a plan computes of ODIN, and the features of the unchanged images.
struct PlanResults {
  std::vector<float> logits;
  std::vector<float> gradient;
  std::vector<float> perturbed;
  std::vector<float> features;
};
PlanResults run_plan(PlanExecutor& executor, const Plan& plan, const std::vector<float>& images,
                     std::span<const OdinSetting> settings);

// The largest relative error of an image's gradient, which is known up to a positive factor.
double direction_error(const Plan& plan, std::span<const float> a, std::span<const float> b);

// One temperature with one step, or two with three in all.
std::vector<OdinSetting> settings_for(const Plan& plan, std::size_t temperatures);

}  // namespace odin::test
