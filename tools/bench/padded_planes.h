// Operands of the CPU's kernels, laid out as the plan executor lays them out.
#pragma once

#include <vector>

#include "kernels/cpu/convolution_task.h"
#include "kernels/cpu/memory.h"

namespace odin::bench {

// Memory for that many planes of zeros, at the distance that the executor uses. `planes` then says
// where they are.
cpu::FloatMemory allocate_planes(int images, int channels, int pixels, cpu::Planes& planes);

// Copies dense values (images, channels, pixels) to planes.
void copy_planes(const std::vector<float>& from, int images, int channels, int pixels,
                 const cpu::Planes& to);

}  // namespace odin::bench
