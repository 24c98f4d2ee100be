// What every layer is: a shape rule, a forward pass and a hand-written backward pass.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "kernels/backend.h"
#include "nn/architecture.h"

namespace odin {

enum class Mode {
  kEvaluation,  // running statistics, no dropout
  kTraining,    // the batch's statistics, dropout
};

// An activation of one image: channels, height, width.
struct ImageShape {
  int channels = 0;
  int height = 0;
  int width = 0;
  bool operator==(const ImageShape&) const = default;
};

// What a layer is given to run with. A layer itself holds hyperparameters only.
struct LayerContext {
  Backend& backend;
  Mode mode = Mode::kEvaluation;
  // The values of Layer::parameters(), in their order.
  std::span<const TensorView> parameters;
  // Their gradients, to be added to; empty views, or an empty span, where they are not wanted.
  std::span<const TensorView> parameter_gradients;
  // The tensors of Layer::saved(), in their order: kept from the forward for the backward pass.
  std::span<const TensorView> saved;
  // Of this layer in this step: the same for a forward pass and its backward pass.
  RandomKey random;

  TensorView parameter_gradient(std::size_t i) const {
    return i < parameter_gradients.size() ? parameter_gradients[i] : TensorView();
  }
};

class Layer {
 public:
  using Inputs = std::span<const ConstTensorView>;

  virtual ~Layer() = default;

  // Parameters and buffers, with names relative to the layer's: "weight", "running_mean".
  virtual std::vector<ParameterSpec> parameters() const { return {}; }
  // Shapes of what the forward pass keeps for the backward pass beside inputs and output.
  virtual std::vector<Shape> saved() const { return {}; }
  // The paper's operations that the layer computes at once. Random streams are numbered by operation,
  // so that a training does not depend on which operations share a layer.
  virtual int operations() const { return 1; }
  // Throws Error where the layer does not take such inputs.
  virtual ImageShape output_shape(std::span<const ImageShape> inputs) const = 0;
  // Writes y, (N, C', H', W').
  virtual void forward(const LayerContext& context, Inputs x, TensorView y) const = 0;
  // Adds to dx, one view per input (empty where not wanted), and to the parameters' gradients.
  virtual void backward(const LayerContext& context, Inputs x, ConstTensorView y,
                        ConstTensorView dy, std::span<const TensorView> dx) const = 0;
};

}  // namespace odin
