// The interface of a layer: a shape rule, a forward pass and a hand-written backward pass.
#pragma once

#include <span>
#include <vector>

#include "kernels/backend.h"
#include "nn/architecture.h"

namespace odin {

enum class Mode {
  kEvaluation,  // running statistics, no dropout
  kTraining,    // the batch's statistics, dropout
};

// The shape of one image's activation, a feature map.
struct MapShape {
  int channels = 0;
  int height = 0;
  int width = 0;
  bool operator==(const MapShape&) const = default;
};

// Everything that a layer needs to run. The layer itself holds only hyperparameters.
struct LayerContext {
  Backend& backend;
  Mode mode = Mode::kEvaluation;
  // The values of Layer::parameters(), in their order.
  std::span<const TensorView> parameters;
  // Their gradients, which the backward pass adds to. A view is empty if its gradient is not
  // wanted; the span is empty if none is.
  std::span<const TensorView> parameter_gradients;
  // The tensors of Layer::saved(), in their order. The forward pass writes them for the backward
  // pass.
  std::span<const TensorView> saved;
  // The random numbers of this layer in this step, the same in a forward pass and its backward
  // pass.
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
  // Shapes of the tensors that the backward pass needs besides inputs and output.
  virtual std::vector<Shape> saved() const { return {}; }
  // The number of the paper's operations that the layer fuses. Random streams are numbered by
  // operation, so a training does not depend on which operations share a layer.
  virtual int operations() const { return 1; }
  // Throws Error if the layer cannot take inputs of these shapes.
  virtual MapShape output_shape(std::span<const MapShape> inputs) const = 0;
  // Writes y, (N, C', H', W').
  virtual void forward(const LayerContext& context, Inputs x, TensorView y) const = 0;
  // Adds to dx and to the parameters' gradients. dx has one view per input, empty if not wanted.
  virtual void backward(const LayerContext& context, Inputs x, ConstTensorView y,
                        ConstTensorView dy, std::span<const TensorView> dx) const = 0;
};

}  // namespace odin
