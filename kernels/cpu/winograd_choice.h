// Where Winograd's algorithm (micro/winograd.h) can and should compute a convolution.
#pragma once

#include "kernels/convolution.h"
#include "kernels/convolution_sizes.h"

namespace odin::cpu {

// 3x3, stride 1 or 2, padding 1.
bool winograd_is_possible(const ConvolutionSizes& sizes);
// Whether it is also faster than a direct convolution: transforming, or the part of the tiles
// beyond the image, does not cost more than it saves.
bool winograd_pays(const ConvolutionSizes& sizes);
// Whether it computes a convolution: kAuto takes it where it pays, kWinograd where it is possible.
bool takes_winograd(const ConvolutionSizes& sizes, ConvolutionAlgorithm algorithm);

}  // namespace odin::cpu
