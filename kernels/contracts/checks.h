// Checks of operands that the contracts of the operations are made of.
//
// Each throws Error unless the operands keep the rule. The error names the operation, the operand,
// what was found and what was expected.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "kernels/backend.h"
#include "kernels/error.h"
#include "kernels/tensor_view.h"

namespace fmt {

// Formats a shape only when a check fails: checks run on every call.
template <>
struct formatter<odin::Shape> : formatter<std::string> {
  template <class Context>
  auto format(const odin::Shape& shape, Context& context) const {
    return formatter<std::string>::format(shape.to_string(), context);
  }
};

}  // namespace fmt

namespace odin::check {

// An operand and what backend.h calls it.
struct Operand {
  std::string_view name;
  const ConstTensorView& view;
  bool required = true;

  const Shape& shape() const { return view.shape(); }
  bool skipped() const { return !required && !wanted(view); }
};
using Operands = std::initializer_list<Operand>;

// An optional gradient: not checked if it is not wanted.
inline Operand gradient(std::string_view name, const ConstTensorView& view) {
  return {name, view, false};
}

// The type of weights, parameters and statistics alongside activations of a type.
inline DataType parameter_type(DataType activation) {
  return is_narrow(activation) ? DataType::kFloat32 : activation;
}

// Is there, and has the type.
void typed(std::string_view operation, DataType type, const Operand& operand);
// An activation of the type, or of the type of the parameters.
void typed_or_wide(std::string_view operation, DataType type, const Operand& operand);
void rank(std::string_view operation, const Operand& operand, int expected);
// Has the shape that another operand demands.
void shape(std::string_view operation, const Operand& operand, const Shape& expected,
           const Operand& because);
// Has no gaps, the last axis innermost.
void dense(std::string_view operation, const Operand& operand);
// All have the type, and the shape of the first.
void alike(std::string_view operation, DataType type, Operands operands);
// All are (N, C, H, W), of one shape and of the type.
void activations(std::string_view operation, DataType type, Operands operands);
// All are dense (C), C being the channels of an activation of the type.
void channel_parameters(std::string_view operation, DataType type, Operands parameters,
                        const Operand& activation);

// Of a batch norm: is above 0 and finite.
void epsilon(std::string_view operation, double value);
// Of running statistics: is in [0, 1].
void momentum(std::string_view operation, double value);
// x (N, C, H, W) has at least two elements per channel, without which there is no unbiased
// variance.
void enough_for_statistics(std::string_view operation, const Operand& x);

}  // namespace odin::check
