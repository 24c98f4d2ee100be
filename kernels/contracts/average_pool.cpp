#include "kernels/contracts/checks.h"

namespace odin {
namespace {

// x and y, or their gradients.
void check_pool(std::string_view operation, DataType type, int window, int stride,
                const check::Operand& x, const check::Operand& y) {
  check::rank(operation, x, 4);
  check::rank(operation, y, 4);
  check::typed(operation, type, x);
  check::typed_or_wide(operation, type, y);
  const Shape& in = x.shape();
  const Shape out{in[0], in[1], windowed_extent(in[2], window, stride, 0),
                  windowed_extent(in[3], window, stride, 0)};
  require(y.shape() == out,
          "{}: {} has shape {}; with {} {} and a window of {} at stride {} it must be {}",
          operation, y.name, y.shape(), x.name, in, window, stride, out);
}

}  // namespace

void Backend::average_pool_forward(int window, int stride, ConstTensorView x, TensorView y) {
  check_pool(__func__, type_of(x), window, stride, {"x", x}, {"y", y});
  if (y.empty()) return;
  do_average_pool_forward(window, stride, x, y);
}

void Backend::average_pool_backward(int window, int stride, ConstTensorView dy, TensorView dx) {
  if (!wanted(dx)) return;
  check_pool(__func__, type_of(dx), window, stride, {"dx", dx}, {"dy", dy});
  if (dy.empty()) return;
  do_average_pool_backward(window, stride, dy, dx);
}

}  // namespace odin
