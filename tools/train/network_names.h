// Networks by name: "densenet_bc_100", "wrn_28_10".
#pragma once

#include <string_view>

#include "nn/architecture.h"

namespace odin::training {

// The architecture of a name, with `classes` classes:
// - densenet_bc_DEPTH or densenet_DEPTH, followed by _kGROWTH if the growth rate is not 12.
// DenseNet-BC
//   halves its channels at transitions, the other DenseNet keeps them;
// - wrn_DEPTH_WIDEN.
// Throws Error, with examples, for another name, and as validate() does.
Architecture architecture_of(std::string_view name, int classes);

}  // namespace odin::training
