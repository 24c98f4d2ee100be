// A network as a graph of layers. This one definition is trained layer by layer (nn/network.h) and
// compiled for evaluation (nn/compile.h).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/plan.h"
#include "nn/layer.h"

namespace odin {

// An activation is a channel slice of a buffer. Layers that write neighbouring slices of one buffer
// concatenate their results without copying anything.
using Activation = PlanSlice;

class Graph {
 public:
  struct Node {
    std::string name;  // prefix of its parameters' names; empty for a layer without parameters
    std::shared_ptr<const Layer> layer;
    std::vector<Activation> inputs;
    Activation output;
  };

  // Starts a graph whose input is an image of this shape.
  Graph(std::string name, const MapShape& input);

  const std::string& name() const { return name_; }
  const std::vector<PlanBuffer>& buffers() const { return buffers_; }
  const std::vector<Node>& nodes() const { return nodes_; }
  Activation input() const { return input_; }
  // The output of the last node: the logits, (classes, 1, 1).
  Activation output() const;

  MapShape shape_of(const Activation& activation) const;
  // A new buffer, which layers fill slice by slice.
  Activation buffer(const MapShape& shape);
  // Channels [begin, begin + channels) of an activation.
  Activation slice(const Activation& of, int begin, int channels) const;

  // NOLINTBEGIN(performance-unnecessary-value-param): clang-tidy 16 does not see the moves
  // Appends a layer that writes to a new buffer. Throws Error if shapes do not fit.
  template <class L>
  Activation add(std::string name, L layer, std::vector<Activation> inputs) {
    return append(std::move(name), std::make_shared<L>(std::move(layer)), std::move(inputs),
                  nullptr);
  }
  // Appends a layer that writes to `output`.
  template <class L>
  Activation add_into(const Activation& output, std::string name, L layer,
                      std::vector<Activation> inputs) {
    return append(std::move(name), std::make_shared<L>(std::move(layer)), std::move(inputs),
                  &output);
  }
  // NOLINTEND(performance-unnecessary-value-param)

  // Every parameter and buffer, with full names, in the order of the nodes.
  std::vector<ParameterSpec> parameters() const;

 private:
  Activation append(std::string name, std::shared_ptr<const Layer> layer,
                    std::vector<Activation> inputs, const Activation* output);

  std::string name_;
  std::vector<PlanBuffer> buffers_;
  std::vector<Node> nodes_;
  Activation input_;
};

// The full name of a node's parameter, such as "block1.layer.0.bn1.weight".
std::string parameter_name(const Graph::Node& node, std::string_view parameter);

}  // namespace odin
