// Finds the network that a set of named tensors makes.
#pragma once

#include <string>
#include <vector>

#include "nn/architecture.h"

namespace odin::pytorch {

struct NamedShape {
  std::string name;      // ours
  std::string original;  // in the file
  std::vector<std::int64_t> shape;
};

// The DenseNet or Wide ResNet whose parameters and buffers are exactly these. Depth, growth rate or
// widen factor, bottleneck, reduction and classes follow from names and shapes. If there is none,
// throws Error, naming the closest network and the first difference in the order of the file.
Architecture infer_architecture(const std::vector<NamedShape>& tensors);

// "DenseNet-BC-100 (growth rate 12, reduction 0.5, 10 classes)".
std::string describe(const Architecture& architecture);

}  // namespace odin::pytorch
