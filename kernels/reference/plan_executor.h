// Defines what a compiled network computes, by the operations of the reference: the oracle of the
// tests.
#pragma once

#include <memory>

#include "kernels/plan.h"

namespace odin::reference {

// Runs `plan` image by image with one thread. Throws Error unless validate(plan) passes.
std::unique_ptr<PlanExecutor> make_plan_executor(const Plan& plan);

}  // namespace odin::reference
