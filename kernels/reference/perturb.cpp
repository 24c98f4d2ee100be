#include "kernels/reference/backend.h"
#include "kernels/reference/loops.h"

namespace odin::reference {

void ReferenceBackend::do_perturb(ConstTensorView x, ConstTensorView gradient, ConstTensorView step,
                                  TensorView y) {
  const auto in = x.elements<double>();
  const auto slope = gradient.elements<double>();
  const auto length = step.elements<double>();
  const auto out = y.elements<double>();
  for_each(x.shape(), [&](auto n, auto c, auto i, auto j) {
    const double sign = slope(n, c, i, j) >= 0 ? 1 : -1;
    out(n, c, i, j) = in(n, c, i, j) - length(c) * sign;
  });
}

}  // namespace odin::reference
