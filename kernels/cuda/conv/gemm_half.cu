#include "kernels/cuda/conv/gemm_tensor.cuh"

namespace odin::cuda {

void conv_gemm_half(const GemmArguments& arguments, int parts, Stream stream) {
  launch_tensor_gemm<Half>(arguments, parts, stream);
}

}  // namespace odin::cuda
