#include <cmath>

#include "kernels/reference/backend.h"

namespace odin::reference {

void ReferenceBackend::do_sgd_step(const SgdSetting& setting, ConstTensorView gradient,
                                   TensorView w, TensorView velocity) {
  const double* const d = gradient.data<double>();
  double* const parameter = w.data<double>();
  double* const moving = velocity.data<double>();
  for (std::int64_t i = 0; i < w.numel(); ++i) {
    const double g = d[i] / setting.loss_scale + setting.weight_decay * parameter[i];
    moving[i] = setting.momentum * moving[i] + g;
    const double step = setting.nesterov ? g + setting.momentum * moving[i] : moving[i];
    parameter[i] -= setting.learning_rate * step;
  }
}

void ReferenceBackend::do_find_not_finite(ConstTensorView x, TensorView found) {
  const double* const values = x.data<double>();
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    if (!std::isfinite(values[i])) *found.data<std::int32_t>() = 1;
  }
}

}  // namespace odin::reference
