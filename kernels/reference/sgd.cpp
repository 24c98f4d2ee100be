#include "kernels/reference/sgd.h"

namespace odin::reference {

void sgd_step(const SgdSetting& setting, const ConstTensorView& gradient, const TensorView& w,
              const TensorView& velocity) {
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

}  // namespace odin::reference
