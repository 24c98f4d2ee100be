// The sum that gathers partial results.
#pragma once

#include <cstdint>

namespace odin::cpu {

// to += from, n elements, on the calling thread.
void accumulate(const float* from, float* to, std::int64_t n);

}  // namespace odin::cpu
