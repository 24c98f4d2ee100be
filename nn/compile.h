// Compiles a network for evaluation: turns its graph of layers into a short list of fused
// operations.
#pragma once

#include "kernels/plan.h"
#include "nn/graph.h"
#include "nn/parameters.h"

namespace odin {

// Returns the plan that computes, up to rounding, what the graph computes in evaluation mode:
// - A batch norm that is the only reader of a convolution is folded into its weights and bias. A
//   ReLU after it becomes the convolution's.
// - Any other batch norm and ReLU become the prologue of each convolution or pool that reads them.
// - An addition becomes the residual of the convolution that is computed last among its operands.
// - Average pooling after a 1x1 convolution moves before it: the two commute, and the convolution
//   then has fewer pixels.
// - Dropout disappears.
// Folding is done in double. Throws Error if a parameter is missing or the graph has a layer that
// no plan can express.
Plan compile(const Graph& graph, const ParameterMap& parameters);

}  // namespace odin
