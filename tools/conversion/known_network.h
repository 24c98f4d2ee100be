// Which of our networks some named tensors are, wherever they come from.
#pragma once

#include <cstdint>

#include "nn/architecture.h"
#include "nn/parameters.h"
#include "tools/tensors/saved_network.h"

namespace odin::pytorch {

// The architecture follows from names and shapes. Throws Error if the tensors are not one of our
// networks, and if they are quantised.
Architecture architecture_of(const SavedNetwork& network);

// The parameters and buffers of the architecture, as floats. Throws Error as architecture_of()
// does, if a tensor cannot be converted, and if views unfold to many more than the
// `stored_elements` of all storages.
ParameterMap parameters_of(const SavedNetwork& network, std::uint64_t stored_elements);

}  // namespace odin::pytorch
