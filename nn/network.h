// A network on a device that runs layer by layer: for training, and to read and check. Where the
// device offers it, a training step computes some layers together (nn/fused_nodes.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/arena.h"
#include "kernels/fused_training.h"
#include "nn/fused_nodes.h"
#include "nn/graph.h"
#include "nn/parameters.h"
#include "nn/tensor.h"

namespace odin {

class Network {
 public:
  // Which gradients a backward pass computes.
  struct Gradients {
    bool input = true;
    bool parameters = true;
  };

  // Allocates the parameters, zeroed. Activations are allocated by the first forward pass. The back
  // end must outlive the network.
  Network(Graph graph, Backend& backend);

  const Graph& graph() const { return graph_; }
  Backend& backend() const { return backend_; }

  // Throws Error, with the parameter's name, if a parameter is missing, unknown or of another
  // shape.
  void set_parameters(const ParameterMap& parameters);
  // A copy of all parameters and buffers, rounded to float.
  ParameterMap parameters() const;

  // Sets the seed of dropout and the step, which every forward pass in training mode increments.
  void set_random(std::uint64_t seed, std::uint64_t step);

  // Runs images (N, C, H, W), which must be on the device. Returns the logits (N, classes), valid
  // until the next forward pass.
  ConstTensorView forward(ConstTensorView images, Mode mode);
  // Computes the gradient of sum(dlogits * logits) after a forward pass, in the same mode.
  void backward(ConstTensorView dlogits, Gradients wanted);
  // The result of the last backward pass, (N, C, H, W).
  ConstTensorView input_gradient();

  // A parameter on the device and its gradient from the last backward pass. Before the first one
  // the gradient is zero. For buffers, which are not trained, it is empty.
  struct Parameter {
    std::string name;
    bool trainable = true;
    Tensor value;
    Tensor gradient;
  };
  std::vector<Parameter>& parameter_list() { return parameters_; }

  // After a forward pass, says what was the first to hold a value that is not finite, in the order
  // of use: "the images", "block1.layer.0.conv1.weight", "the output of block1.layer.0.conv1" and
  // so on, or "none" if all values are finite. A layer without a name is "the layer after" the last
  // one with a name.
  std::string first_not_finite();

 private:
  struct NodeState {
    std::size_t first_parameter = 0;  // in parameters_
    std::size_t first_operation = 0;  // counted over all nodes
    std::vector<Tensor> saved;
  };

  // What fused steps keep of a buffer that they normalise, each tensor (C).
  struct NormalisedBuffer {
    Tensor mean;
    Tensor variance;
    Tensor inv_std;
    Tensor offset;  // of the gradient's correction
    Tensor slope;
    std::vector<bool> measured;  // by channel: whether the statistics are this step's
  };

  void reserve(std::int64_t images);
  // Allocates the gradients of a backward pass in this mode. Those of one shape share memory if no
  // node needs both.
  void reserve_gradients();
  // By buffer: from which to which node of a backward pass its gradient is needed. The first node
  // is at 1, the gradient of the logits at 0.
  std::vector<Lifetime> gradient_lifetimes() const;
  // Whether this pass computes some layers together.
  bool fuses() const { return nodes_.any() && mode_ == Mode::kTraining; }
  // Whether this pass has no use for a buffer.
  bool is_unused(std::size_t buffer) const;
  // How a node runs in a training step with fused steps; network_fused.cpp.
  void fused_forward(std::size_t node);
  void fused_backward(std::size_t node, bool parameter_gradients);
  ChannelStatistics statistics_of(const Activation& a);
  NormalisedInput normalised_input(std::size_t norm);
  void measure(const Activation& a);
  // False if no channel of an activation's gradient has begun: the caller writes all of it. True if
  // the caller must add to it; channels that have not begun become zero. In both cases all have
  // begun now.
  bool begin_or_add(const Activation& a);
  void begin_gradient(const Activation& a);
  void finish_gradient(const Activation& a);
  TensorView activation(const Activation& a);
  TensorView gradient(const Activation& a);
  TensorView slice_of(std::vector<Tensor>& buffers, const Activation& a) const;
  TensorView value_of(std::size_t node, std::size_t parameter);
  TensorView gradient_of(std::size_t node, std::size_t parameter);
  // The type in which a buffer is stored: the back end's type for activations. The exceptions are
  // the images, which would lose much in half precision, and what the classifier reads and writes,
  // which is little.
  DataType type_of(int buffer) const;
  template <class Run>
  void with_context(std::size_t node, bool parameter_gradients, Run run);

  Graph graph_;
  Backend& backend_;
  std::vector<Parameter> parameters_;
  std::vector<NodeState> states_;    // one per node
  std::size_t operations_ = 0;       // of all nodes
  std::vector<Tensor> activations_;  // one per buffer, of `capacity_` images
  std::vector<Tensor> gradients_;    // likewise, from the first backward pass on; some share memory
  FusedTraining* fused_;             // null: nothing is fused
  FusedNodes nodes_;
  std::vector<NormalisedBuffer> normalised_;  // one per buffer, empty if not normalised
  std::vector<std::vector<bool>> begun_;      // by buffer and channel, in a backward pass
  std::int64_t capacity_ = 0;
  std::int64_t images_ = 0;
  Mode mode_ = Mode::kEvaluation;
  Mode mode_of_gradients_ = Mode::kEvaluation;  // in which they were allocated
  std::uint64_t seed_ = 0;
  std::uint64_t step_ = 0;
};

}  // namespace odin
