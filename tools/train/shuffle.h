// The order of the images in an epoch.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/backend.h"

namespace odin::training {

// A random permutation of [0, count) (Fisher & Yates), drawn from the shared generator. All permutations
// are equally likely, and the result depends only on the key.
std::vector<std::int32_t> shuffled(std::int64_t count, RandomKey key);

}  // namespace odin::training
