#include "kernels/cuda/conv/gemm.cuh"

namespace odin::cuda {

// Without tensor cores arithmetic is the bottleneck: padding costs more, low occupancy less.
void conv_gemm_float(const GemmArguments& g, int parts, Stream stream) {
  constexpr int kStages = 3;
  if (g.epilogue.target.channels <= 16) {
    launch_gemm<CoreTile<128, 16>, kStages>(g, parts, stream);
  } else {
    launch_gemm<CoreTile<128, 64>, kStages>(g, parts, stream);
  }
}

}  // namespace odin::cuda
