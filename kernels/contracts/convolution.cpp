#include "kernels/contracts/checks.h"

namespace odin {
namespace {

// x, w and y, or their gradients.
void check_convolution(std::string_view operation, DataType type,
                       const ConvolutionGeometry& geometry, const check::Operand& x,
                       const check::Operand& w, const check::Operand& y) {
  for (const check::Operand& operand : {x, w, y}) check::rank(operation, operand, 4);
  check::typed_or_wide(operation, type, x);
  check::typed(operation, check::parameter_type(type), w);
  check::typed(operation, type, y);
  check::dense(operation, w);
  const Shape& in = x.shape();
  const Shape& kernel = w.shape();
  require(in[1] == kernel[1], "{}: {} has shape {} and {} {}; their channels differ", operation,
          x.name, in, w.name, kernel);
  const ConvolutionSizes sizes = convolution_sizes(geometry, in, kernel);
  const Shape out{sizes.images, sizes.out_channels, sizes.out_height, sizes.out_width};
  require(y.shape() == out,
          "{}: {} has shape {}; with {} {} and {} {} at stride {} and padding {} it must be {}",
          operation, y.name, y.shape(), x.name, in, w.name, kernel, geometry.stride,
          geometry.padding, out);
}

}  // namespace

void Backend::convolution_forward(const ConvolutionGeometry& geometry, ConstTensorView x,
                                  ConstTensorView w, TensorView y) {
  check_convolution(__func__, type_of(y), geometry, {"x", x}, {"w", w}, {"y", y});
  if (y.empty()) return;
  do_convolution_forward(geometry, x, w, y);
}

void Backend::convolution_backward_data(const ConvolutionGeometry& geometry, ConstTensorView dy,
                                        ConstTensorView w, TensorView dx) {
  if (!wanted(dx)) return;
  check_convolution(__func__, type_of(dy), geometry, {"dx", dx}, {"w", w}, {"dy", dy});
  if (dx.empty() || dy.empty()) return;
  do_convolution_backward_data(geometry, dy, w, dx);
}

void Backend::convolution_backward_filter(const ConvolutionGeometry& geometry, ConstTensorView x,
                                          ConstTensorView dy, TensorView dw) {
  if (!wanted(dw)) return;
  check_convolution(__func__, type_of(dy), geometry, {"x", x}, {"dw", dw}, {"dy", dy});
  if (x.empty() || dy.empty()) return;
  do_convolution_backward_filter(geometry, x, dy, dw);
}

}  // namespace odin
