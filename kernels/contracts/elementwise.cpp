#include "kernels/contracts/checks.h"

namespace odin {

void Backend::fill(TensorView y, double value) {
  check::typed(__func__, type_of(y), {"y", y});
  if (y.empty()) return;
  do_fill(y, value);
}

void Backend::copy(ConstTensorView x, TensorView y) {
  check::alike(__func__, type_of(x), {{"x", x}, {"y", y}});
  if (y.empty()) return;
  do_copy(x, y);
}

void Backend::add(ConstTensorView a, ConstTensorView b, TensorView y) {
  check::alike(__func__, type_of(a), {{"a", a}, {"b", b}, {"y", y}});
  if (y.empty()) return;
  do_add(a, b, y);
}

}  // namespace odin
