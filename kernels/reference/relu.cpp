#include <algorithm>

#include "kernels/reference/backend.h"
#include "kernels/reference/loops.h"

namespace odin::reference {

void ReferenceBackend::do_relu_forward(ConstTensorView x, TensorView y) {
  const auto in = x.elements<double>();
  const auto out = y.elements<double>();
  for_each(x.shape(), [&](auto... at) { out(at...) = std::max(in(at...), 0.0); });
}

void ReferenceBackend::do_relu_backward(ConstTensorView y, ConstTensorView dy, TensorView dx) {
  const auto out = y.elements<double>();
  const auto dout = dy.elements<double>();
  const auto din = dx.elements<double>();
  for_each(y.shape(), [&](auto... at) { din(at...) += out(at...) > 0 ? dout(at...) : 0; });
}

}  // namespace odin::reference
