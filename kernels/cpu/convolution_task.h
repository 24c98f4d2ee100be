// How a convolution is given to our kernels: its packed weights, its kernel and its task. `pass` is
// kForward or kBackwardData; `winograd` is whether Winograd's algorithm computes it
// (takes_winograd).
#pragma once

#include <cstdint>

#include "kernels/convolution.h"
#include "kernels/convolution_sizes.h"
#include "kernels/cpu/caches.h"
#include "kernels/cpu/micro/kernel_table.h"

namespace odin::cpu {

// The number of a convolution's weights.
std::int64_t weight_elements(const ConvolutionSizes& sizes);

// The matrix of weights (O, I, k, k): outputs x inputs and taps, or its transpose for the backward
// pass. Winograd's algorithm takes outputs x inputs for both, of which each element is the first of
// its taps.
WeightMatrix weight_matrix(ConvolutionPass pass, const ConvolutionSizes& sizes, bool winograd,
                           const float* weights);
// Floats that it takes when it is packed.
std::int64_t packed_floats(const WeightMatrix& matrix, bool winograd);
// Packs it, for a convolution of the given stride.
void pack_matrix(const KernelTable& kernels, const WeightMatrix& matrix, bool winograd,
                 std::int64_t stride, float* packed);

const ConvolutionKernel& convolution_kernel(const KernelTable& kernels, ConvolutionPass pass,
                                            const ConvolutionSizes& sizes, bool winograd);
// The task of sizes.images images; its operands and what happens to them are left to the caller.
ConvolutionTask convolution_task(ConvolutionPass pass, const ConvolutionSizes& sizes, bool winograd,
                                 const Blocks& blocks);

}  // namespace odin::cpu
