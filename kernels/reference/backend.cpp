#include "kernels/reference/backend.h"

#include "kernels/reference/plan_executor.h"

namespace odin {
namespace reference {

std::unique_ptr<PlanExecutor> ReferenceBackend::prepare(const Plan& plan) {
  return make_plan_executor(plan);
}

}  // namespace reference

std::unique_ptr<Backend> make_reference_backend() {
  return std::make_unique<reference::ReferenceBackend>();
}

}  // namespace odin
