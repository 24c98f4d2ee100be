// Which nodes of a graph a training step computes together (kernels/fused_training.h).
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "nn/graph.h"

namespace odin {

struct FusedNodes {
  // No node is computed together with another.
  FusedNodes() = default;
  // A batch norm with a ReLU whose result only convolutions read becomes part of each of them.
  explicit FusedNodes(const Graph& graph);

  // By node: the batch norm that became part of this convolution.
  std::vector<std::optional<std::size_t>> norm_of;
  // By node: whether it is a batch norm that became part of others, so that its result is nowhere.
  std::vector<bool> absorbed;
  // By buffer: whether it would hold such a result.
  std::vector<bool> unused;
  // By buffer: whether such a batch norm reads it.
  std::vector<bool> normalised;

  bool any() const { return !absorbed.empty(); }
};

}  // namespace odin
