#include "nn/layers/batch_norm.h"

namespace odin {

BatchNorm::BatchNorm(int channels) : channels_(channels) {
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

ImageShape BatchNorm::output_shape(std::span<const ImageShape> inputs) const {
  require(inputs[0].channels == channels_, "a batch norm of {} channels is given {}", channels_,
          inputs[0].channels);
  return inputs[0];
}

void BatchNorm::forward(const LayerContext& context, Inputs x, TensorView y) const {
  const auto& p = context.parameters;
  if (context.mode == Mode::kTraining) {
    context.backend.batch_norm_forward_training(
        x[0], p[kWeight], p[kBias], kEpsilon, kMomentum, context.relu_follows, p[kRunningMean],
        p[kRunningVar], y, context.saved[0], context.saved[1]);
  } else {
    context.backend.batch_norm_forward_evaluation(x[0], p[kWeight], p[kBias], p[kRunningMean],
                                                  p[kRunningVar], kEpsilon, y);
  }
}

void BatchNorm::backward(const LayerContext& context, Inputs x, ConstTensorView /*y*/,
                         ConstTensorView dy, std::span<const TensorView> dx) const {
  const auto& p = context.parameters;
  const TensorView dweight = context.parameter_gradient(kWeight);
  const TensorView dbias = context.parameter_gradient(kBias);
  if (context.mode == Mode::kTraining) {
    context.backend.batch_norm_backward_training(x[0], dy, p[kWeight], p[kBias], context.saved[0],
                                                 context.saved[1], context.relu_follows, dx[0],
                                                 dweight, dbias);
  } else {
    context.backend.batch_norm_backward_evaluation(x[0], dy, p[kWeight], p[kRunningMean],
                                                   p[kRunningVar], kEpsilon, dx[0], dweight, dbias);
  }
}

}  // namespace odin
