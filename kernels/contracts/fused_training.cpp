#include "kernels/fused_training.h"

#include "kernels/contracts/checks.h"

namespace odin {
namespace {

// x (N, C, H, W), w (O, C, k, k) and y, whose shape follows.
void check_convolution(std::string_view operation, const ConvolutionGeometry& geometry,
                       const NormalisedInput& in, const check::Operand& w,
                       const check::Operand& y) {
  const DataType type = in.x.type();
  const check::Operand x{"x", in.x};
  for (const check::Operand& operand : {x, w, y}) {
    check::rank(operation, operand, 4);
    check::typed(operation, type, operand);
  }
  check::dense(operation, w);
  check::channel_parameters(
      operation, type,
      {{"gamma", in.gamma}, {"beta", in.beta}, {"mean", in.mean}, {"inv_std", in.inv_std}}, x);
  const Shape& kernel = w.shape();
  require(kernel[1] == x.shape()[1] && kernel[2] == kernel[3],
          "{}: {} has shape {}; with x {} it must be (O, {}, k, k)", operation, w.name, kernel,
          x.shape(), x.shape()[1]);
  const ConvolutionSizes sizes = convolution_sizes(geometry, x.shape(), kernel);
  check::shape(operation, y, {sizes.images, sizes.out_channels, sizes.out_height, sizes.out_width},
               x);
}

void check_statistics(std::string_view operation, const ChannelStatistics& statistics,
                      const check::Operand& of) {
  check::channel_parameters(operation, of.view.type(),
                            {{"mean", statistics.mean},
                             {"variance", statistics.variance},
                             {"inv_std", statistics.inv_std}},
                            of);
  check::enough_for_statistics(operation, of);
}

}  // namespace

void FusedTraining::channel_statistics(ConstTensorView x, double epsilon,
                                       const ChannelStatistics& statistics) {
  check::rank(__func__, {"x", x}, 4);
  check::epsilon(__func__, epsilon);
  check_statistics(__func__, statistics, {"x", x});
  if (!x.empty()) do_channel_statistics(x, epsilon, statistics);
}

void FusedTraining::move_running_statistics(ConstTensorView mean, ConstTensorView variance,
                                            std::int64_t count, double momentum,
                                            TensorView running_mean, TensorView running_var) {
  const check::Operands vectors{{"mean", mean},
                                {"variance", variance},
                                {"running_mean", running_mean},
                                {"running_var", running_var}};
  check::rank(__func__, *vectors.begin(), 1);
  check::alike(__func__, mean.type(), vectors);
  for (const check::Operand& vector : vectors) check::dense(__func__, vector);
  check::momentum(__func__, momentum);
  require(count >= 2, "{}: {} elements have no unbiased variance", __func__, count);
  do_move_running_statistics(mean, variance, count, momentum, running_mean, running_var);
}

void FusedTraining::convolution_forward(const ConvolutionGeometry& geometry,
                                        const NormalisedInput& in, ConstTensorView w, TensorView y,
                                        double epsilon, const ChannelStatistics& statistics) {
  check_convolution(__func__, geometry, in, {"w", w}, {"y", y});
  if (wanted(statistics.mean)) {
    check::epsilon(__func__, epsilon);
    check_statistics(__func__, statistics, {"y", y});
  }
  if (!y.empty()) do_convolution_forward(geometry, in, w, y, epsilon, statistics);
}

void FusedTraining::convolution_backward(const ConvolutionGeometry& geometry,
                                         const NormalisedInput& in, ConstTensorView w,
                                         const ResultGradient& out, TensorView dw,
                                         const NormalisedGradients& gradients) {
  check_convolution(__func__, geometry, in, {"w", w}, {"dy", out.dy});
  const DataType type = in.x.type();
  check::activations(__func__, type, {{"x", in.x}, {"dx", gradients.dx}});
  check::channel_parameters(__func__, type,
                            {{"offset of x", gradients.correction.offset},
                             {"slope of x", gradients.correction.slope},
                             check::gradient("dgamma", gradients.dgamma),
                             check::gradient("dbeta", gradients.dbeta)},
                            {"x", in.x});
  if (wanted(dw)) {
    check::alike(__func__, type, {{"w", w}, {"dw", dw}});
    check::dense(__func__, {"dw", dw});
  }
  if (wanted(out.offset)) {
    check::activations(__func__, type, {{"dy", out.dy}, {"y", out.y}});
    check::channel_parameters(
        __func__, type, {{"mean of y", out.mean}, {"offset", out.offset}, {"slope", out.slope}},
        {"y", out.y});
  }
  if (!in.x.empty()) do_convolution_backward(geometry, in, w, out, dw, gradients);
}

void FusedTraining::finish_gradient(ConstTensorView x, ConstTensorView mean, ConstTensorView offset,
                                    ConstTensorView slope, TensorView dx) {
  const DataType type = x.type();
  check::activations(__func__, type, {{"x", x}, {"dx", dx}});
  check::channel_parameters(__func__, type, {{"mean", mean}, {"offset", offset}, {"slope", slope}},
                            {"x", x});
  if (!x.empty()) do_finish_gradient(x, mean, offset, slope, dx);
}

}  // namespace odin
