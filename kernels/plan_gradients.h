// Which step of a plan's backward pass is the first to write a gradient, and which steps add to it.
#pragma once

#include <optional>
#include <vector>

#include "kernels/plan.h"

namespace odin {

// How a step's backward pass passes a gradient on to one of its operands.
struct GradientWrite {
  // No channel of the operand has a gradient yet: the step may set it as a whole. Otherwise the
  // step adds to it.
  bool sets = false;
  // If the step adds: channels that have no gradient yet. They must be cleared first.
  std::vector<PlanSlice> clear;
};

// The gradients that one step reads and writes, in the order in which it does.
struct StepGradients {
  // Channels of the step's output that no step has read, so that they have no gradient. They must
  // be cleared before the step reads the gradient of its output.
  std::vector<PlanSlice> clear_output;
  std::optional<GradientWrite> residual;  // if the step has a residual
  GradientWrite input;
};

struct PlanGradients {
  std::vector<StepGradients> steps;  // by step; the backward pass goes from the last to the first
  // Channels of the plan's input that no step reads: the backward pass must clear them.
  std::vector<PlanSlice> clear_input;
};

// Walks a valid plan backwards. Slices to be cleared are as long as possible: no two of them touch.
PlanGradients plan_gradients(const Plan& plan);

}  // namespace odin
