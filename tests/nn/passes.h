// A forward and a backward pass of a network, layer by layer, to compare devices with.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "nn/network.h"

namespace odin::test {

std::vector<double> read(Backend& backend, const ConstTensorView& view);

using Tensors = std::map<std::string, std::vector<double>>;

// Everything that the passes of `count` images of formula_images() write, with formula weights and
// formula gradients of the logits: "logits", "input gradient", each parameter by its name, and
// "gradient of" each trainable one.
Tensors pass(Backend& backend, const Architecture& architecture, std::int64_t count, Mode mode);

}  // namespace odin::test
