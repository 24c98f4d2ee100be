// How the gradient of a plan in its input is computed on a GPU: which step masks by which ReLU,
// which step sets a gradient and which adds to it, and which gradients share memory.
#pragma once

#include <vector>

#include "kernels/plan.h"

namespace odin::cuda {

// The backward pass of one step. (If every reader of a step's output masks by the step's closing
// ReLU, gradients are those of the values BEFORE that ReLU.)
struct StepBackward {
  // Slices of the gradients that must be cleared before the step adds to them or reads them.
  std::vector<PlanSlice> clear;
  // The step's convolution adds to the gradient of its input; otherwise it overwrites it.
  bool accumulate = true;
  // Which masks the first forward pass writes, so that the backward pass reads them and not the
  // inputs of steps. The code that makes the convolutions sets these.
  bool keeps_input_mask = false;   // of the prologue's ReLU
  bool keeps_output_mask = false;  // of the closing ReLU, for the steps that it masks
  // The step that has written what the prologue makes of the input, and the prologue's mask, so
  // that the step reads those; -1: none. And the first step for which this one does so.
  // find_normalised() sets these.
  int normalised_by = -1;
  int normalises_for = -1;
  // The step whose closing ReLU mask_by_input refers to, if only convolutions read that step's
  // output and each reads all of it; otherwise -1.
  int masking_step = -1;
  // The step masks by the ReLU that closes the step that wrote its input: by the sign of the input.
  bool mask_by_input = false;
  // The step itself must mask the gradient of its output by its closing ReLU, because its readers
  // have not done so.
  bool mask_output = false;
  // The gradient of the output must be added to that of the residual; otherwise the two share
  // memory, or there is no residual.
  bool add_to_residual = false;
};

struct PlanBackward {
  std::vector<StepBackward> steps;
  // Channels of the image that no step reads. Their gradient must be cleared.
  std::vector<PlanSlice> clear_input;
  // The buffer whose memory a buffer's gradient uses: itself or, for a residual, the buffer of the
  // sum.
  std::vector<int> gradient_buffer;
};

// Finds the steps that spare others their prologue: can_normalise says of each step whether it is
// able to. Convolutions with windows of several pixels would normalise each pixel once for each of
// them.
void find_normalised(const Plan& plan, const std::vector<bool>& can_normalise,
                     PlanBackward& backward);

// Throws Error for a plan that is not valid.
PlanBackward plan_backward(const Plan& plan);

}  // namespace odin::cuda
