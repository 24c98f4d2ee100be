// The processor as a back end, with a say in how it evaluates.
#pragma once

#include <memory>

#include "kernels/backend.h"
#include "kernels/cpu/plan/plan_executor.h"

namespace odin::cpu {

// make_cpu_backend() (kernels/backend.h) whose prepare() follows `options`. Throws Error for a
// negative number of threads; prepare() then throws for an instruction set that is not there.
std::unique_ptr<Backend> make_backend(const PlanOptions& options);

}  // namespace odin::cpu
