#include "kernels/checks.h"

#include <cmath>
#include <initializer_list>

#include "kernels/error.h"

// Formats a shape only when a check fails: checks run on every call.
template <>
struct fmt::formatter<odin::Shape> : fmt::formatter<std::string> {
  template <class Context>
  auto format(const odin::Shape& shape, Context& context) const {
    return fmt::formatter<std::string>::format(shape.to_string(), context);
  }
};

namespace odin::check {
namespace {

// An operand and what backend.h calls it.
struct Operand {
  std::string_view name;
  const View& view;
  bool required = true;

  const Shape& shape() const { return view.shape(); }
  bool skipped() const { return !required && !wanted(view); }
};
using Operands = std::initializer_list<Operand>;

// Of weights, parameters and statistics beside activations of a type.
DataType parameter_type(DataType activation) {
  return is_narrow(activation) ? DataType::kFloat32 : activation;
}

// A gradient passes unchecked where it is not wanted.
Operand gradient(std::string_view name, const View& view) {
  return {name, view, false};
}

void typed(std::string_view operation, DataType type, const Operand& operand) {
  require(operand.view.raw() != nullptr || operand.view.numel() == 0, "{}: {} is missing",
          operation, operand.name);
  require(operand.view.type() == type, "{}: {} is a tensor of {}, it must be one of {}", operation,
          operand.name, name_of(operand.view.type()), name_of(type));
}

void rank(std::string_view operation, const Operand& operand, int wanted) {
  require(operand.shape().rank() == wanted, "{}: {} has shape {}, it must have {} axes", operation,
          operand.name, operand.shape(), wanted);
}

void shape(std::string_view operation, const Operand& operand, const Shape& wanted,
           const Operand& because) {
  require(operand.shape() == wanted, "{}: {} has shape {}, beside {} of shape {} it must be {}",
          operation, operand.name, operand.shape(), because.name, because.shape(), wanted);
}

void dense(std::string_view operation, const Operand& operand) {
  require(operand.view.is_contiguous(), "{}: {} of shape {} must be dense, not a slice", operation,
          operand.name, operand.shape());
}

// All have the type, and the shape of the first.
void alike(std::string_view operation, DataType type, Operands operands) {
  const Operand& first = *operands.begin();
  for (const Operand& operand : operands) {
    if (operand.skipped()) continue;
    typed(operation, type, operand);
    shape(operation, operand, first.shape(), first);
  }
}

// All are (N, C, H, W), of one shape.
void activations(std::string_view operation, DataType type, Operands operands) {
  rank(operation, *operands.begin(), 4);
  alike(operation, type, operands);
}

// An activation that may be of the parameters' type, too.
void typed_or_wide(std::string_view operation, DataType type, const Operand& operand) {
  const DataType wide = parameter_type(type);
  typed(operation, operand.view.type() == wide ? wide : type, operand);
}

// All are (C), the channels of an activation of the type.
void channel_parameters(std::string_view operation, DataType type, Operands parameters,
                        const Operand& activation) {
  for (const Operand& parameter : parameters) {
    if (parameter.skipped()) continue;
    typed(operation, parameter_type(type), parameter);
    shape(operation, parameter, {activation.shape()[1]}, activation);
    dense(operation, parameter);
  }
}

// x, w and y, or their gradients in their places.
ConvolutionSizes convolution(std::string_view operation, DataType type,
                             const ConvolutionGeometry& geometry, const Operand& x,
                             const Operand& w, const Operand& y) {
  for (const Operand& operand : {x, w, y}) rank(operation, operand, 4);
  typed_or_wide(operation, type, x);
  typed(operation, parameter_type(type), w);
  typed(operation, type, y);
  dense(operation, w);
  const Shape& in = x.shape();
  const Shape& kernel = w.shape();
  require(in[1] == kernel[1], "{}: {} has shape {} and {} {}, they differ in their channels",
          operation, x.name, in, w.name, kernel);
  const ConvolutionSizes sizes{
      .images = in[0],
      .in_channels = in[1],
      .height = in[2],
      .width = in[3],
      .out_channels = kernel[0],
      .kernel_height = kernel[2],
      .kernel_width = kernel[3],
      .out_height = windowed_extent(in[2], kernel[2], geometry.stride, geometry.padding),
      .out_width = windowed_extent(in[3], kernel[3], geometry.stride, geometry.padding),
      .stride = geometry.stride,
      .padding = geometry.padding};
  const Shape out{sizes.images, sizes.out_channels, sizes.out_height, sizes.out_width};
  require(y.shape() == out,
          "{}: {} has shape {}, beside {} {} and {} {} at stride {} with padding {} it must be {}",
          operation, y.name, y.shape(), x.name, in, w.name, kernel, geometry.stride,
          geometry.padding, out);
  return sizes;
}

void positive_epsilon(std::string_view operation, double epsilon) {
  require(std::isfinite(epsilon) && epsilon > 0, "{}: epsilon is {}, it must be above 0", operation,
          epsilon);
}

void enough_for_statistics(std::string_view operation, const Operand& x) {
  const Shape& in = x.shape();
  require(in[0] * in[2] * in[3] >= 2,
          "{}: {} has shape {}, statistics need at least two elements of each channel", operation,
          x.name, in);
}

// x and y, or their gradients in their places.
void average_pool(std::string_view operation, DataType type, int window, int stride,
                  const Operand& x, const Operand& y) {
  for (const Operand& operand : {x, y}) rank(operation, operand, 4);
  typed(operation, type, x);
  typed_or_wide(operation, type, y);
  const Shape& in = x.shape();
  const Shape out{in[0], in[1], windowed_extent(in[2], window, stride, 0),
                  windowed_extent(in[3], window, stride, 0)};
  require(y.shape() == out,
          "{}: {} has shape {}, beside {} {} and a window of {} at stride {} it must be {}",
          operation, y.name, y.shape(), x.name, in, window, stride, out);
}

// Everything that is shaped like the input, the weights, the bias and the output.
void linear(std::string_view operation, DataType type, Operands x, Operands w, Operands b,
            const Operand& y) {
  const Operand& input = *x.begin();
  const Operand& weights = *w.begin();
  for (const Operand& operand : {input, weights, y}) rank(operation, operand, 2);
  alike(operation, type, x);
  alike(operation, type, w);
  typed(operation, type, y);
  require(input.shape()[1] == weights.shape()[1],
          "{}: {} has shape {} and {} {}, they differ in the inputs", operation, input.name,
          input.shape(), weights.name, weights.shape());
  shape(operation, y, {input.shape()[0], weights.shape()[0]}, weights);
  for (const Operand& operand : x) {
    if (operand.skipped()) continue;
    require(operand.shape()[1] == 1 || operand.view.strides()[1] == 1,
            "{}: the rows of {} of shape {} must lie without gaps", operation, operand.name,
            operand.shape());
  }
  for (const Operand& operand : w) {
    if (!operand.skipped()) dense(operation, operand);
  }
  for (const Operand& operand : b) {
    if (operand.skipped()) continue;
    typed(operation, type, operand);
    shape(operation, operand, {weights.shape()[0]}, weights);
    dense(operation, operand);
  }
}

// Logits (N, K) with their gradient, and labels (N).
void classification(std::string_view operation, DataType type, Operands logits,
                    const Operand& labels) {
  const Operand& first = *logits.begin();
  rank(operation, first, 2);
  alike(operation, type, logits);
  require(first.shape()[1] > 0, "{}: {} has shape {}, that is without classes", operation,
          first.name, first.shape());
  typed(operation, DataType::kInt32, labels);
  shape(operation, labels, {first.shape()[0]}, first);
}

void positive_temperature(std::string_view operation, double temperature) {
  require(std::isfinite(temperature) && temperature > 0,
          "{}: the temperature is {}, it must be above 0", operation, temperature);
}

void possible_rate(std::string_view operation, double rate) {
  require(rate >= 0 && rate < 1, "{}: the rate is {}, it must lie in [0, 1)", operation, rate);
}

}  // namespace

void fill(DataType type, const View& y) {
  typed("fill", type, {"y", y});
}

void copy(DataType type, const View& x, const View& y) {
  alike("copy", type, {{"x", x}, {"y", y}});
}

void add(DataType type, const View& a, const View& b, const View& y) {
  alike("add", type, {{"a", a}, {"b", b}, {"y", y}});
}

ConvolutionSizes convolution_forward(DataType type, const ConvolutionGeometry& geometry,
                                     const View& x, const View& w, const View& y) {
  return convolution("convolution_forward", type, geometry, {"x", x}, {"w", w}, {"y", y});
}

ConvolutionSizes convolution_backward_data(DataType type, const ConvolutionGeometry& geometry,
                                           const View& dy, const View& w, const View& dx) {
  return convolution("convolution_backward_data", type, geometry, {"dx", dx}, {"w", w}, {"dy", dy});
}

ConvolutionSizes convolution_backward_filter(DataType type, const ConvolutionGeometry& geometry,
                                             const View& x, const View& dy, const View& dw) {
  return convolution("convolution_backward_filter", type, geometry, {"x", x}, {"dw", dw},
                     {"dy", dy});
}

void batch_norm_forward_training(DataType type, const View& x, const View& gamma, const View& beta,
                                 double epsilon, double momentum, const View& running_mean,
                                 const View& running_var, const View& y, const View& mean,
                                 const View& inv_std) {
  constexpr auto kName = "batch_norm_forward_training";
  activations(kName, type, {{"x", x}, {"y", y}});
  channel_parameters(kName, type,
                     {{"gamma", gamma},
                      {"beta", beta},
                      {"running_mean", running_mean},
                      {"running_var", running_var},
                      {"mean", mean},
                      {"inv_std", inv_std}},
                     {"x", x});
  positive_epsilon(kName, epsilon);
  require(momentum >= 0 && momentum <= 1, "{}: momentum is {}, it must lie in [0, 1]", kName,
          momentum);
  enough_for_statistics(kName, {"x", x});
}

void batch_norm_backward_training(DataType type, const View& x, const View& dy, const View& gamma,
                                  const View& beta, const View& mean, const View& inv_std,
                                  const View& dx, const View& dgamma, const View& dbeta) {
  constexpr auto kName = "batch_norm_backward_training";
  activations(kName, type, {{"x", x}, {"dy", dy}, gradient("dx", dx)});
  channel_parameters(kName, type,
                     {{"gamma", gamma},
                      {"beta", beta},
                      {"mean", mean},
                      {"inv_std", inv_std},
                      gradient("dgamma", dgamma),
                      gradient("dbeta", dbeta)},
                     {"x", x});
  enough_for_statistics(kName, {"x", x});
}

void batch_norm_forward_evaluation(DataType type, const View& x, const View& gamma,
                                   const View& beta, const View& running_mean,
                                   const View& running_var, double epsilon, const View& y) {
  constexpr auto kName = "batch_norm_forward_evaluation";
  activations(kName, type, {{"x", x}, {"y", y}});
  channel_parameters(kName, type,
                     {{"gamma", gamma},
                      {"beta", beta},
                      {"running_mean", running_mean},
                      {"running_var", running_var}},
                     {"x", x});
  positive_epsilon(kName, epsilon);
}

void batch_norm_backward_evaluation(DataType type, const View& x, const View& dy, const View& gamma,
                                    const View& running_mean, const View& running_var,
                                    double epsilon, const View& dx, const View& dgamma,
                                    const View& dbeta) {
  constexpr auto kName = "batch_norm_backward_evaluation";
  activations(kName, type, {{"x", x}, {"dy", dy}, gradient("dx", dx)});
  channel_parameters(kName, type,
                     {{"gamma", gamma},
                      {"running_mean", running_mean},
                      {"running_var", running_var},
                      gradient("dgamma", dgamma),
                      gradient("dbeta", dbeta)},
                     {"x", x});
  positive_epsilon(kName, epsilon);
}

void relu_forward(DataType type, const View& x, const View& y) {
  activations("relu_forward", type, {{"x", x}, {"y", y}});
}

void relu_backward(DataType type, const View& y, const View& dy, const View& dx) {
  activations("relu_backward", type, {{"y", y}, {"dy", dy}, {"dx", dx}});
}

void average_pool_forward(DataType type, int window, int stride, const View& x, const View& y) {
  average_pool("average_pool_forward", type, window, stride, {"x", x}, {"y", y});
}

void average_pool_backward(DataType type, int window, int stride, const View& dy, const View& dx) {
  average_pool("average_pool_backward", type, window, stride, {"dx", dx}, {"dy", dy});
}

void linear_forward(DataType type, const View& x, const View& w, const View& b, const View& y) {
  linear("linear_forward", type, {{"x", x}}, {{"w", w}}, {{"b", b}}, {"y", y});
}

void linear_backward(DataType type, const View& x, const View& w, const View& dy, const View& dx,
                     const View& dw, const View& db) {
  linear("linear_backward", type, {{"x", x}, gradient("dx", dx)}, {{"w", w}, gradient("dw", dw)},
         {gradient("db", db)}, {"dy", dy});
}

void cross_entropy_forward(DataType type, const View& logits, const View& labels,
                           double temperature, const View& loss) {
  constexpr auto kName = "cross_entropy_forward";
  classification(kName, type, {{"logits", logits}}, {"labels", labels});
  typed(kName, type, {"loss", loss});
  shape(kName, {"loss", loss}, {logits.shape()[0]}, {"logits", logits});
  positive_temperature(kName, temperature);
}

void cross_entropy_backward(DataType type, const View& logits, const View& labels,
                            double temperature, const View& dlogits) {
  constexpr auto kName = "cross_entropy_backward";
  classification(kName, type, {{"logits", logits}, {"dlogits", dlogits}}, {"labels", labels});
  positive_temperature(kName, temperature);
}

void label_range(std::string_view operation, const View& labels, std::int64_t classes) {
  const auto label = labels.elements<std::int32_t>();
  for (std::int64_t n = 0; n < labels.shape()[0]; ++n) {
    require(label(n) >= 0 && label(n) < classes,
            "{}: the label of image {} is {}, it must lie in [0, {})", operation, n, label(n),
            classes);
  }
}

void argmax(DataType type, const View& logits, const View& labels) {
  classification("argmax", type, {{"logits", logits}}, {"labels", labels});
}

void perturb(DataType type, const View& x, const View& gradient, const View& step, const View& y) {
  activations("perturb", type, {{"x", x}, {"gradient", gradient}, {"y", y}});
  channel_parameters("perturb", type, {{"step", step}}, {"x", x});
}

void dropout_forward(DataType type, double rate, const View& x, const View& y) {
  activations("dropout_forward", type, {{"x", x}, {"y", y}});
  possible_rate("dropout_forward", rate);
}

void dropout_backward(DataType type, double rate, const View& dy, const View& dx) {
  activations("dropout_backward", type, {{"dy", dy}, {"dx", dx}});
  possible_rate("dropout_backward", rate);
}

void sgd_step(DataType type, const SgdSetting& setting, const View& gradient, const View& w,
              const View& velocity) {
  constexpr auto kName = "sgd_step";
  alike(kName, type, {{"gradient", gradient}, {"w", w}, {"velocity", velocity}});
  dense(kName, {"gradient", gradient});
  dense(kName, {"w", w});
  dense(kName, {"velocity", velocity});
  require(std::isfinite(setting.loss_scale) && setting.loss_scale > 0,
          "{}: the loss scale is {}, it must be above 0", kName, setting.loss_scale);
  for (const double value : {setting.learning_rate, setting.momentum, setting.weight_decay}) {
    require(std::isfinite(value) && value >= 0,
            "{}: learning rate {}, momentum {} and weight decay {} must be finite and not below 0",
            kName, setting.learning_rate, setting.momentum, setting.weight_decay);
  }
}

void find_not_finite(DataType type, const View& x, const View& found) {
  constexpr auto kName = "find_not_finite";
  typed(kName, type, {"x", x});
  dense(kName, {"x", x});
  typed(kName, DataType::kInt32, {"found", found});
  require(found.shape() == Shape{1}, "{}: found has shape {}, it must be (1)", kName,
          found.shape());
}

void augment(DataType type, const Augmentation& augmentation, const View& images,
             const View& indices, const View& mean, const View& std, const View& y) {
  constexpr auto kName = "augment";
  rank(kName, {"y", y}, 4);
  typed(kName, type, {"y", y});
  rank(kName, {"images", images}, 4);
  typed(kName, DataType::kUInt8, {"images", images});
  dense(kName, {"images", images});
  const Shape& out = y.shape();
  shape(kName, {"images", images}, {images.shape()[0], out[1], out[2], out[3]}, {"y", y});
  typed(kName, DataType::kInt32, {"indices", indices});
  shape(kName, {"indices", indices}, {out[0]}, {"y", y});
  dense(kName, {"indices", indices});
  channel_parameters(kName, type, {{"mean", mean}, {"std", std}}, {"y", y});
  require(augmentation.crop_padding >= 0 && augmentation.crop_padding < 1 << 15,
          "{}: a crop padding of {} is not possible", kName, augmentation.crop_padding);
}

void index_range(std::string_view operation, const View& indices, std::int64_t images) {
  const auto index = indices.elements<std::int32_t>();
  for (std::int64_t n = 0; n < indices.shape()[0]; ++n) {
    require(index(n) >= 0 && index(n) < images, "{}: index {} is {}, it must lie in [0, {})",
            operation, n, index(n), images);
  }
}

}  // namespace odin::check
