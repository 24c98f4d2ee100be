// The reference: plain loops in double, which define what every operation means.
//
// The definition of an operation is in the file of its name in this folder.
#pragma once

#include <memory>
#include <string>

#include "kernels/host_backend.h"

namespace odin::reference {

class ReferenceBackend final : public HostBackend {
 public:
  std::string name() const override { return "reference"; }
  DataType data_type() const override { return DataType::kFloat64; }
  std::unique_ptr<PlanExecutor> prepare(const Plan& plan) override;

 private:
  ODIN_DEVICE_OPERATIONS(override)
};

}  // namespace odin::reference
