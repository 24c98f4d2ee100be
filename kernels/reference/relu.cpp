#include "kernels/reference/relu.h"

#include <algorithm>

#include "kernels/reference/loops.h"

namespace odin::reference {

void relu_forward(const ConstTensorView& x, const TensorView& y) {
  const auto in = x.elements<double>();
  const auto out = y.elements<double>();
  for_each(x.shape(), [&](auto... at) { out(at...) = std::max(in(at...), 0.0); });
}

void relu_backward(const ConstTensorView& y, const ConstTensorView& dy, const TensorView& dx) {
  const auto out = y.elements<double>();
  const auto dout = dy.elements<double>();
  const auto din = dx.elements<double>();
  for_each(y.shape(), [&](auto... at) { din(at...) += out(at...) > 0 ? dout(at...) : 0; });
}

}  // namespace odin::reference
