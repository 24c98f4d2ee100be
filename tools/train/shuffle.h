// The order in which an epoch sees its images.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/backend.h"

namespace odin::training {

// A permutation of [0, count), every one as likely as any other (Fisher & Yates), drawn from the
// shared generator: a function of the key alone.
std::vector<std::int32_t> shuffled(std::int64_t count, RandomKey key);

}  // namespace odin::training
