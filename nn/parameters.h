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

// The parameters with which a training starts, a function of the seed alone:
// - convolutions: normal with standard deviation sqrt(2 / (kh kw out)) (He et al. 2015, fan out);
// - batch norms: weight 1, bias 0, running mean 0, running variance 1;
// - the linear layer: weights uniform in +-1 / sqrt(in), biases 0.
ParameterMap initial_parameters(const Architecture& architecture, std::uint64_t seed);

}  // namespace odin
