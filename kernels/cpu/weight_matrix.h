// The matrices as which kernels read a convolution's weights.
#pragma once

#include <cstdint>

#include "kernels/convolution.h"
#include "kernels/convolution_sizes.h"
#include "kernels/cpu/micro/kernel_table.h"

namespace odin::cpu {

// The number of a convolution's weights.
std::int64_t weight_elements(const ConvolutionSizes& sizes);

// The matrix for kForward or kBackwardData, of weights (O, I, k, k): outputs x inputs and taps, or
// its transpose. Winograd's algorithm takes outputs x inputs for both, of which each element is the
// first of its taps.
WeightMatrix weight_matrix(ConvolutionPass pass, const ConvolutionSizes& sizes, bool winograd,
                           const float* weights);
// Floats that it takes when KernelTable::pack or pack_winograd has packed it.
std::int64_t packed_floats(const WeightMatrix& matrix, bool winograd);

}  // namespace odin::cpu
