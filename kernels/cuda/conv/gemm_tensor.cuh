// The tiles of a tensor core convolution, 128 pixels each.
#pragma once

#include "kernels/cuda/conv/gemm.cuh"

namespace odin::cuda {

template <class T>
void launch_tensor_gemm(const GemmArguments& g, int parts, Stream stream) {
  constexpr int kStages = 4;
  switch (tile_width(g.epilogue.target.channels)) {
    case 16:
      return launch_gemm<TensorTile<T, 128, 16, 8, 1>, kStages>(g, parts, stream);
    case 48:
      return launch_gemm<TensorTile<T, 128, 48, 8, 1>, kStages>(g, parts, stream);
    case 160:
      return launch_gemm<TensorTile<T, 128, 160, 4, 2>, kStages>(g, parts, stream);
    default:
      return launch_gemm<TensorTile<T, 128, 64, 4, 2>, kStages>(g, parts, stream);
  }
}

}  // namespace odin::cuda
