// Stochastic gradient descent with momentum.
#pragma once

#include "kernels/cuda/runtime/view.h"

namespace odin::cuda {

struct SgdSetting {
  float learning_rate = 0;
  float momentum = 0;
  float weight_decay = 0;
  bool nesterov = false;
  float loss_scale = 1;
};

// One step of `count` parameters: g = gradient / loss_scale + weight_decay w,
// velocity = momentum velocity + g, w -= learning_rate (nesterov ? g + momentum velocity : velocity)
// (Sutskever et al. 2013, in the form that PyTorch uses). The velocity starts as zero.
void sgd_step(const SgdSetting& setting, float* w, const float* gradient, float* velocity,
              std::int64_t count, Stream stream);

}  // namespace odin::cuda
