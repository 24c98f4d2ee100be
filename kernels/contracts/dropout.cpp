#include "kernels/contracts/checks.h"

namespace odin {
namespace {

void check_rate(std::string_view operation, double rate) {
  require(rate >= 0 && rate < 1, "{}: the rate is {}; it must be in [0, 1)", operation, rate);
}

}  // namespace

void Backend::dropout_forward(double rate, RandomKey key, ConstTensorView x, TensorView y) {
  check::activations(__func__, type_of(x), {{"x", x}, {"y", y}});
  check_rate(__func__, rate);
  if (y.empty()) return;
  do_dropout_forward(rate, key, x, y);
}

void Backend::dropout_backward(double rate, RandomKey key, ConstTensorView dy, TensorView dx) {
  if (!wanted(dx)) return;
  check::activations(__func__, type_of(dy), {{"dy", dy}, {"dx", dx}});
  check_rate(__func__, rate);
  if (dx.empty()) return;
  do_dropout_backward(rate, key, dy, dx);
}

}  // namespace odin
