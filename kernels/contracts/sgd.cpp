#include <cmath>

#include "kernels/contracts/checks.h"

namespace odin {

void Backend::sgd_step(const SgdSetting& setting, ConstTensorView gradient, TensorView w,
                       TensorView velocity) {
  check::alike(__func__, data_type(), {{"gradient", gradient}, {"w", w}, {"velocity", velocity}});
  check::dense(__func__, {"gradient", gradient});
  check::dense(__func__, {"w", w});
  check::dense(__func__, {"velocity", velocity});
  require(std::isfinite(setting.loss_scale) && setting.loss_scale > 0,
          "{}: the loss scale is {}; it must be above 0", __func__, setting.loss_scale);
  for (const double value : {setting.learning_rate, setting.momentum, setting.weight_decay}) {
    require(std::isfinite(value) && value >= 0,
            "{}: learning rate {}, momentum {} and weight decay {} must be finite and not below 0",
            __func__, setting.learning_rate, setting.momentum, setting.weight_decay);
  }
  if (w.empty()) return;
  do_sgd_step(setting, gradient, w, velocity);
}

void Backend::find_not_finite(ConstTensorView x, TensorView found) {
  check::typed(__func__, data_type(), {"x", x});
  check::dense(__func__, {"x", x});
  check::typed(__func__, DataType::kInt32, {"found", found});
  require(found.shape() == Shape{1}, "{}: found has shape {}; it must be (1)", __func__,
          found.shape());
  if (x.empty()) return;
  do_find_not_finite(x, found);
}

}  // namespace odin
