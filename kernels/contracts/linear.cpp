#include "kernels/contracts/checks.h"

namespace odin {
namespace {

// All operands with the shape of the input, of the weights and of the bias, and the output.
void check_linear(std::string_view operation, DataType type, check::Operands x, check::Operands w,
                  check::Operands b, const check::Operand& y) {
  const check::Operand& input = *x.begin();
  const check::Operand& weights = *w.begin();
  for (const check::Operand& operand : {input, weights, y}) check::rank(operation, operand, 2);
  check::alike(operation, type, x);
  check::alike(operation, type, w);
  check::typed(operation, type, y);
  require(input.shape()[1] == weights.shape()[1],
          "{}: {} has shape {} and {} {}; their numbers of inputs differ", operation, input.name,
          input.shape(), weights.name, weights.shape());
  check::shape(operation, y, {input.shape()[0], weights.shape()[0]}, weights);
  for (const check::Operand& operand : x) {
    if (operand.skipped()) continue;
    require(operand.shape()[1] == 1 || operand.view.strides()[1] == 1,
            "{}: the rows of {} of shape {} must have no gaps", operation, operand.name,
            operand.shape());
  }
  for (const check::Operand& operand : w) {
    if (!operand.skipped()) check::dense(operation, operand);
  }
  for (const check::Operand& operand : b) {
    if (operand.skipped()) continue;
    check::typed(operation, type, operand);
    check::shape(operation, operand, {weights.shape()[0]}, weights);
    check::dense(operation, operand);
  }
}

}  // namespace

void Backend::linear_forward(ConstTensorView x, ConstTensorView w, ConstTensorView b,
                             TensorView y) {
  check_linear(__func__, data_type(), {{"x", x}}, {{"w", w}}, {{"b", b}}, {"y", y});
  if (y.empty()) return;
  do_linear_forward(x, w, b, y);
}

void Backend::linear_backward(ConstTensorView x, ConstTensorView w, ConstTensorView dy,
                              TensorView dx, TensorView dw, TensorView db) {
  check_linear(__func__, data_type(), {{"x", x}, check::gradient("dx", dx)},
               {{"w", w}, check::gradient("dw", dw)}, {check::gradient("db", db)}, {"dy", dy});
  if (dy.empty() || !(wanted(dx) || wanted(dw) || wanted(db))) return;
  do_linear_backward(x, w, dy, dx, dw, db);
}

}  // namespace odin
