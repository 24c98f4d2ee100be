#include "kernels/cpu/plan_executor.h"

#include "kernels/error.h"
#include "kernels/reference/plan_executor.h"

namespace odin::cpu {

bool is_supported(InstructionSet set) {
  return set == InstructionSet::kPortable;
}

std::unique_ptr<PlanExecutor> make_plan_executor(const Plan& plan, const PlanOptions&) {
  return reference::make_plan_executor(plan);
}

}  // namespace odin::cpu
