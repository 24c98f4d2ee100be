// The reference: plain loops in double, which define what every operation means.
//
// The definition of an operation is in the file of its name in this folder.
#pragma once

#include <memory>
#include <string>

#include "kernels/host_backend.h"
#include "kernels/reference/fused_training.h"

namespace odin::reference {

class ReferenceBackend final : public HostBackend {
 public:
  std::string name() const override { return "reference"; }
  DataType data_type() const override { return DataType::kFloat64; }
  std::unique_ptr<PlanExecutor> prepare(const Plan& plan) override;
  FusedTraining* fused_training() override { return &fused_training_; }

 private:
  ODIN_DEVICE_OPERATIONS(override)

  ReferenceFusedTraining fused_training_{*this};
};

}  // namespace odin::reference
