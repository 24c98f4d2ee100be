// The processor as a back end: oneDNN and our own vectorised kernels, in float.
//
// The definition of an operation is in the file of its name in this folder.
#pragma once

#include <memory>
#include <string>

#include "kernels/cpu/plan/plan_executor.h"
#include "kernels/fused_training.h"
#include "kernels/host_backend.h"
#include "kernels/thread_pool.h"

namespace odin::cpu {

class Convolutions;

class CpuBackend final : public HostBackend {
 public:
  // Evaluation and fused training follow `options`. Throws Error for a negative number of threads,
  // and for an instruction set that this processor lacks.
  explicit CpuBackend(const PlanOptions& options);
  ~CpuBackend() override;

  std::string name() const override { return "cpu"; }
  DataType data_type() const override { return DataType::kFloat32; }
  std::unique_ptr<PlanExecutor> prepare(const Plan& plan) override;
  FusedTraining* fused_training() override { return fused_training_.get(); }

 private:
  ODIN_DEVICE_OPERATIONS(override)

  ThreadPool pool_;
  PlanOptions options_;
  std::unique_ptr<Convolutions> convolutions_;
  std::unique_ptr<FusedTraining> fused_training_;
};

}  // namespace odin::cpu
