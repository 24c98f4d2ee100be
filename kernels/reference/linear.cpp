#include "kernels/reference/backend.h"

namespace odin::reference {

void ReferenceBackend::do_linear_forward(ConstTensorView x, ConstTensorView w, ConstTensorView b,
                                         TensorView y) {
  const auto in = x.elements<double>();
  const auto weight = w.elements<double>();
  const auto bias = b.elements<double>();
  const auto out = y.elements<double>();
  for (std::int64_t n = 0; n < y.shape()[0]; ++n) {
    for (std::int64_t k = 0; k < y.shape()[1]; ++k) {
      double sum = bias(k);
      for (std::int64_t d = 0; d < x.shape()[1]; ++d) sum += weight(k, d) * in(n, d);
      out(n, k) = sum;
    }
  }
}

void ReferenceBackend::do_linear_backward(ConstTensorView x, ConstTensorView w, ConstTensorView dy,
                                          TensorView dx, TensorView dw, TensorView db) {
  const auto in = x.elements<double>();
  const auto weight = w.elements<double>();
  const auto dout = dy.elements<double>();
  for (std::int64_t n = 0; n < dy.shape()[0]; ++n) {
    for (std::int64_t k = 0; k < dy.shape()[1]; ++k) {
      if (wanted(db)) db.elements<double>()(k) += dout(n, k);
      for (std::int64_t d = 0; d < x.shape()[1]; ++d) {
        if (wanted(dx)) dx.elements<double>()(n, d) += dout(n, k) * weight(k, d);
        if (wanted(dw)) dw.elements<double>()(k, d) += dout(n, k) * in(n, d);
      }
    }
  }
}

}  // namespace odin::reference
