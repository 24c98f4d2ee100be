#include "kernels/cuda/conv/gemm_tensor.cuh"

namespace odin::cuda {

void conv_gemm_tf32(const GemmArguments& arguments, int parts, Stream stream) {
  launch_tensor_gemm<float>(arguments, parts, stream);
}

}  // namespace odin::cuda
