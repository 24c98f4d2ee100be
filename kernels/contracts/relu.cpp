#include "kernels/contracts/checks.h"

namespace odin {

void Backend::relu_forward(ConstTensorView x, TensorView y) {
  check::activations(__func__, type_of(x), {{"x", x}, {"y", y}});
  if (y.empty()) return;
  do_relu_forward(x, y);
}

void Backend::relu_backward(ConstTensorView y, ConstTensorView dy, TensorView dx) {
  if (!wanted(dx)) return;
  check::activations(__func__, type_of(y), {{"y", y}, {"dy", dy}, {"dx", dx}});
  if (dx.empty()) return;
  do_relu_backward(y, dy, dx);
}

}  // namespace odin
