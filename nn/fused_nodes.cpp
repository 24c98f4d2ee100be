#include "nn/fused_nodes.h"

#include "nn/layers/batch_norm.h"
#include "nn/layers/convolution.h"

namespace odin {
namespace {

// The nodes that read a buffer, or nothing if one of them is not a convolution of just that.
std::vector<std::size_t> convolutions_of(const Graph& graph, const Activation& result) {
  std::vector<std::size_t> readers;
  for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
    const Graph::Node& node = graph.nodes()[i];
    for (const Activation& input : node.inputs) {
      if (input.buffer != result.buffer) continue;
      if (input != result || !dynamic_cast<const Convolution*>(node.layer.get())) return {};
      readers.push_back(i);
    }
  }
  return readers;
}

}  // namespace

FusedNodes::FusedNodes(const Graph& graph)
    : norm_of(graph.nodes().size()),
      absorbed(graph.nodes().size()),
      unused(graph.buffers().size()),
      normalised(graph.buffers().size()) {
  for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
    const Graph::Node& node = graph.nodes()[i];
    const auto* const norm = dynamic_cast<const BatchNorm*>(node.layer.get());
    if (!norm || !norm->relu() || node.inputs[0].buffer == graph.input().buffer) continue;
    for (const std::size_t reader : convolutions_of(graph, node.output)) {
      norm_of[reader] = i;
      absorbed[i] = true;
      unused[static_cast<std::size_t>(node.output.buffer)] = true;
      normalised[static_cast<std::size_t>(node.inputs[0].buffer)] = true;
    }
  }
}

}  // namespace odin
