#include "kernels/contracts/checks.h"

namespace odin {

void Backend::perturb(ConstTensorView x, ConstTensorView gradient, ConstTensorView step,
                      TensorView y) {
  const DataType type = data_type();
  check::activations(__func__, type, {{"x", x}, {"gradient", gradient}, {"y", y}});
  check::channel_parameters(__func__, type, {{"step", step}}, {"x", x});
  if (y.empty()) return;
  do_perturb(x, gradient, step, y);
}

}  // namespace odin
