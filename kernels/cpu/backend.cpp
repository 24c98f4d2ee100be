#include "kernels/cpu/backend.h"

#include "kernels/cpu/convolution.h"
#include "kernels/cpu/training/fused_training.h"

namespace odin::cpu {

CpuBackend::CpuBackend(const PlanOptions& options)
    : pool_(options.threads),
      options_(options),
      convolutions_(std::make_unique<Convolutions>(pool_)),
      fused_training_(std::make_unique<CpuFusedTraining>(options.kernels(), options.convolution,
                                                         options.blocks(), pool_)) {
  options_.threads = pool_.size();
}

CpuBackend::~CpuBackend() = default;

std::unique_ptr<PlanExecutor> CpuBackend::prepare(const Plan& plan) {
  return make_plan_executor(plan, options_);
}

}  // namespace odin::cpu

namespace odin {

std::unique_ptr<Backend> make_cpu_backend(int threads) {
  return std::make_unique<cpu::CpuBackend>(cpu::PlanOptions{.threads = threads});
}

}  // namespace odin
