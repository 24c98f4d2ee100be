// Evaluation plans on the GPU.
#pragma once

#include <memory>

#include "kernels/device.h"
#include "kernels/plan.h"

namespace odin::cuda {

// Runs batches of images on two streams, so that one's copies go on beside the other's kernels; a
// batch of one shape is recorded once as a CUDA graph. Weights are on the device when this returns;
// memory for activations is taken when the first batch of a size is run: where it does not suffice,
// the batch is halved with a note on standard error.
std::unique_ptr<PlanExecutor> make_plan_executor(const Plan& plan, const DeviceOptions& options);

}  // namespace odin::cuda
