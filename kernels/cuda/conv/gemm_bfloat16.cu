#include "kernels/cuda/conv/gemm_tensor.cuh"

namespace odin::cuda {

void conv_gemm_bfloat16(const GemmArguments& arguments, int parts, Stream stream) {
  launch_tensor_gemm<BFloat16>(arguments, parts, stream);
}

}  // namespace odin::cuda
