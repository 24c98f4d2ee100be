#include "kernels/contracts/checks.h"

#include <cmath>

namespace odin::check {

void typed(std::string_view operation, DataType type, const Operand& operand) {
  require(operand.view.raw() != nullptr || operand.view.numel() == 0, "{}: {} is missing",
          operation, operand.name);
  require(operand.view.type() == type, "{}: {} is a tensor of {}; it must be one of {}", operation,
          operand.name, name_of(operand.view.type()), name_of(type));
}

void typed_or_wide(std::string_view operation, DataType type, const Operand& operand) {
  const DataType wide = parameter_type(type);
  typed(operation, operand.view.type() == wide ? wide : type, operand);
}

void rank(std::string_view operation, const Operand& operand, int expected) {
  require(operand.shape().rank() == expected, "{}: {} has shape {}; it must have {} axes",
          operation, operand.name, operand.shape(), expected);
}

void shape(std::string_view operation, const Operand& operand, const Shape& expected,
           const Operand& because) {
  require(operand.shape() == expected, "{}: {} has shape {}; with {} of shape {} it must be {}",
          operation, operand.name, operand.shape(), because.name, because.shape(), expected);
}

void dense(std::string_view operation, const Operand& operand) {
  require(operand.view.is_contiguous(), "{}: {} of shape {} must be dense, not a slice", operation,
          operand.name, operand.shape());
}

void alike(std::string_view operation, DataType type, Operands operands) {
  const Operand& first = *operands.begin();
  for (const Operand& operand : operands) {
    if (operand.skipped()) continue;
    typed(operation, type, operand);
    shape(operation, operand, first.shape(), first);
  }
}

void activations(std::string_view operation, DataType type, Operands operands) {
  rank(operation, *operands.begin(), 4);
  alike(operation, type, operands);
}

void channel_parameters(std::string_view operation, DataType type, Operands parameters,
                        const Operand& activation) {
  for (const Operand& parameter : parameters) {
    if (parameter.skipped()) continue;
    typed(operation, parameter_type(type), parameter);
    shape(operation, parameter, {activation.shape()[1]}, activation);
    dense(operation, parameter);
  }
}

void epsilon(std::string_view operation, double value) {
  require(std::isfinite(value) && value > 0, "{}: epsilon is {}; it must be above 0 and finite",
          operation, value);
}

void momentum(std::string_view operation, double value) {
  require(value >= 0 && value <= 1, "{}: momentum is {}; it must be in [0, 1]", operation, value);
}

void enough_for_statistics(std::string_view operation, const Operand& x) {
  const Shape& in = x.shape();
  require(in[0] * in[2] * in[3] >= 2,
          "{}: {} has shape {}; statistics need at least two elements per channel", operation,
          x.name, in);
}

}  // namespace odin::check
