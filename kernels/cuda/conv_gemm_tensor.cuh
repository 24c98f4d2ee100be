// Which tile a tensor core convolution takes, by its number of output channels.
#pragma once

#include "kernels/cuda/conv_gemm.cuh"

namespace odin::cuda {

// Tiles of 128 pixels. 160 channels: widths 160, 320 and 640 leave nothing over (three tiles of 64,
// or two of 128, would fill up to 37 % of their sums with padding). 48 and 16: a DenseNet's
// bottleneck of 48 and growth of 12, and the first layers.
template <class T>
void launch_tensor_gemm(const GemmArguments& g, int parts, Stream stream) {
  constexpr int kStages = 4;
  const auto padded = [&](int tile) { return blocks_for(g.epilogue.target.channels, tile) * tile; };
  if (g.epilogue.target.channels <= 16) {
    launch_gemm<TensorTile<T, 128, 16, 8, 1>, kStages>(g, parts, stream);
  } else if (g.epilogue.target.channels <= 48) {
    launch_gemm<TensorTile<T, 128, 48, 8, 1>, kStages>(g, parts, stream);
  } else if (padded(160) <= padded(64)) {
    launch_gemm<TensorTile<T, 128, 160, 4, 2>, kStages>(g, parts, stream);
  } else {
    launch_gemm<TensorTile<T, 128, 64, 4, 2>, kStages>(g, parts, stream);
  }
}

}  // namespace odin::cuda
