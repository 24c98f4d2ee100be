#include "kernels/reference/backend.h"
#include "kernels/reference/loops.h"

namespace odin::reference {

void ReferenceBackend::do_average_pool_forward(int window, int stride, ConstTensorView x,
                                               TensorView y) {
  const auto in = x.elements<double>();
  const auto out = y.elements<double>();
  for_each(y.shape(), [&](auto n, auto c, auto i, auto j) {
    double sum = 0;
    for (int p = 0; p < window; ++p) {
      for (int q = 0; q < window; ++q) sum += in(n, c, i * stride + p, j * stride + q);
    }
    out(n, c, i, j) = sum / (window * window);
  });
}

void ReferenceBackend::do_average_pool_backward(int window, int stride, ConstTensorView dy,
                                                TensorView dx) {
  const auto dout = dy.elements<double>();
  const auto din = dx.elements<double>();
  for_each(dy.shape(), [&](auto n, auto c, auto i, auto j) {
    const double share = dout(n, c, i, j) / (window * window);
    for (int p = 0; p < window; ++p) {
      for (int q = 0; q < window; ++q) din(n, c, i * stride + p, j * stride + q) += share;
    }
  });
}

}  // namespace odin::reference
