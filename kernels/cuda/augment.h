// Random crops and flips of training images, drawn from kernels/augmentation.h.
#pragma once

#include "kernels/cuda/runtime/view.h"

namespace odin::cuda {

// Image n of y is image indices[n] of `images` (M, C, H, W), row-major bytes, shifted by up to
// `crop_padding` pixels, black outside of it, and mirrored if `flip`, each as drawn for n;
// y = (v / 255 - mean[c]) / std[c]. y is float, of `images`' C, H and W.
void augment(int crop_padding, bool flip, std::uint64_t seed, std::uint64_t key_stream,
             const std::uint8_t* images, const std::int32_t* indices, const float* mean,
             const float* std, View y, Stream stream);

}  // namespace odin::cuda
