// Evaluation plans on the GPU.
#pragma once

#include <memory>

#include "kernels/device.h"
#include "kernels/plan.h"

namespace odin::cuda {

// Runs batches of images on two streams, so that the copies of one overlap with the kernels of the
// other. Each shape of batch is recorded once as a CUDA graph. Weights are on the device when this
// returns. Memory for activations is taken when the first batch of a size runs; if there is too
// little, the batch is halved, with a note on standard error.
std::unique_ptr<PlanExecutor> make_plan_executor(const Plan& plan, const DeviceOptions& options);

}  // namespace odin::cuda
