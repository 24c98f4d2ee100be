// Networks by the name a user gives: "densenet_bc_100", "wrn_28_10".
#pragma once

#include <string_view>

#include "nn/architecture.h"

namespace odin::training {

// densenet_bc_DEPTH or densenet_DEPTH, with _kGROWTH after it where the growth rate is not 12, and
// wrn_DEPTH_WIDEN, for so many classes. DenseNet-BC halves its channels at transitions, the other
// keeps them. Throws Error, with examples, for another name and where validate() does.
Architecture architecture_of(std::string_view name, int classes);

}  // namespace odin::training
