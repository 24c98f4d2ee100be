#include "nn/layers/batch_norm.h"

#include "nn/tensor.h"

namespace odin {

BatchNorm::BatchNorm(int channels, bool relu) : channels_(channels), relu_(relu) {
  require(channels > 0, "a batch norm of {} channels is not possible", channels);
}

std::vector<ParameterSpec> BatchNorm::parameters() const {
  return {{"weight", {channels_}},
          {"bias", {channels_}},
          {"running_mean", {channels_}, false},
          {"running_var", {channels_}, false}};
}

std::vector<Shape> BatchNorm::saved() const {
  return {{channels_}, {channels_}};
}

MapShape BatchNorm::output_shape(std::span<const MapShape> inputs) const {
  require(inputs[0].channels == channels_, "a batch norm of {} channels is given {}", channels_,
          inputs[0].channels);
  return inputs[0];
}

void BatchNorm::forward(const LayerContext& context, Inputs x, TensorView y) const {
  const auto& p = context.parameters;
  if (context.mode == Mode::kTraining) {
    context.backend.batch_norm_forward_training(x[0], p[kWeight], p[kBias], kEpsilon, kMomentum,
                                                relu_, p[kRunningMean], p[kRunningVar], y,
                                                context.saved[0], context.saved[1]);
  } else {
    context.backend.batch_norm_forward_evaluation(x[0], p[kWeight], p[kBias], p[kRunningMean],
                                                  p[kRunningVar], kEpsilon, y);
    if (relu_) context.backend.relu_forward(y, y);
  }
}

void BatchNorm::backward(const LayerContext& context, Inputs x, ConstTensorView y,
                         ConstTensorView dy, std::span<const TensorView> dx) const {
  if (context.mode == Mode::kTraining) {
    const auto& p = context.parameters;
    context.backend.batch_norm_backward_training(
        x[0], dy, p[kWeight], p[kBias], context.saved[0], context.saved[1], relu_, dx[0],
        context.parameter_gradient(kWeight), context.parameter_gradient(kBias));
  } else if (relu_) {
    // No training needs this, so its memory is not kept.
    Tensor masked = Tensor::activation(context.backend, dy.shape(), dy.type());
    context.backend.relu_backward(y, dy, masked.view());
    backward_evaluation(context, x[0], masked.view(), dx[0]);
  } else {
    backward_evaluation(context, x[0], dy, dx[0]);
  }
}

void BatchNorm::backward_evaluation(const LayerContext& context, ConstTensorView x,
                                    ConstTensorView dy, const TensorView& dx) const {
  const auto& p = context.parameters;
  context.backend.batch_norm_backward_evaluation(x, dy, p[kWeight], p[kRunningMean], p[kRunningVar],
                                                 kEpsilon, dx, context.parameter_gradient(kWeight),
                                                 context.parameter_gradient(kBias));
}

}  // namespace odin
