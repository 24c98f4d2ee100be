// The values of a network's parameters in host memory, by name.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kernels/tensor_view.h"
#include "nn/architecture.h"

namespace odin {

// One parameter or buffer, row-major, in PyTorch's order: (out, in, kh, kw) for convolutions.
struct ParameterArray {
  Shape shape;
  std::vector<float> values;
};

// A network's parameters by PyTorch name.
using ParameterMap = std::map<std::string, ParameterArray>;

// The parameters that a network starts its training with: convolutions normal with deviation
// sqrt(2 / (kh kw out)) (He et al. 2015, fan out), batch norms 1 and 0 (running mean 0, variance
// 1), the linear layer uniform in +-1 / sqrt(in) with biases 0. A function of the seed alone.
ParameterMap initial_parameters(const Architecture& architecture, std::uint64_t seed);

}  // namespace odin
