// Compiles a network for evaluation: the same graph of layers as a short list of fused operations.
#pragma once

#include "kernels/plan.h"
#include "nn/graph.h"
#include "nn/parameters.h"

namespace odin {

// The plan that computes what the graph computes in evaluation mode, to rounding:
// - a batch norm whose input is one convolution's output alone is folded into its weights and bias,
//   a ReLU after it becomes the convolution's;
// - any other batch norm and ReLU becomes the prologue of each convolution or pool that reads it;
// - an addition becomes the residual of the convolution computed last among its operands;
// - average pooling after a 1x1 convolution moves before it (the two commute, and the convolution
//   then has fewer pixels);
// - dropout disappears.
// Folding is done in double. Throws Error where a parameter is missing or the graph holds a layer
// that no plan can express.
Plan compile(const Graph& graph, const ParameterMap& parameters);

}  // namespace odin
