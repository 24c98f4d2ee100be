// The definition of kernels/fused_training.h: each step is put together from the operations that it
// fuses.
#pragma once

#include "kernels/backend.h"
#include "kernels/fused_training.h"

namespace odin::reference {

class ReferenceFusedTraining final : public FusedTraining {
 public:
  // The back end must outlive this.
  explicit ReferenceFusedTraining(Backend& backend) : backend_(backend) {}

 private:
  ODIN_FUSED_TRAINING_STEPS(override)

  Backend& backend_;
};

}  // namespace odin::reference
