#include "kernels/cuda/library/cublas.h"

namespace odin::cuda {
namespace {

cudaDataType_t type_of(Element element) {
  switch (element) {
    case Element::kFloat:
      return CUDA_R_32F;
    case Element::kHalf:
      return CUDA_R_16F;
    case Element::kBFloat16:
      return CUDA_R_16BF;
  }
  fail("element type {} is not known", static_cast<int>(element));
}

}  // namespace

CublasHandle::CublasHandle() {
  ODIN_CUBLAS_CHECK(cublasCreate(handle_.to_create()));
  // Products that are split along k are also added up in float, whatever is stored.
  ODIN_CUBLAS_CHECK(cublasSetMathMode(
      handle_.get(), static_cast<cublasMath_t>(CUBLAS_DEFAULT_MATH |
                                               CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION)));
}

// cuBLAS is column-major: our c is its c transposed, and c^T = b^T a^T.
void CublasHandle::multiply(int m, int n, int k, const Matrix& a, const Matrix& b, const Matrix& c,
                            Element element, bool tf32, bool accumulate, const Lane& lane) {
  const float alpha = 1;
  const float beta = accumulate ? 1 : 0;
  const cudaDataType_t type = type_of(element);
  const cublasComputeType_t compute =
      element == Element::kFloat && tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
  const auto operation = [](const Matrix& matrix) {
    return matrix.transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
  };
  ODIN_CUBLAS_CHECK(cublasSetStream(handle_.get(), lane.stream));
  // After the stream, which resets it. Batches under way at the same time must not share it.
  ODIN_CUBLAS_CHECK(cublasSetWorkspace(handle_.get(), lane.workspace, lane.workspace_bytes),
                    "{} bytes", lane.workspace_bytes);
  ODIN_CUBLAS_CHECK(
      cublasGemmEx(handle_.get(), operation(b), operation(a), n, m, k, &alpha, b.data, type,
                   static_cast<int>(b.pitch), a.data, type, static_cast<int>(a.pitch), &beta,
                   c.data, type, static_cast<int>(c.pitch), compute, CUBLAS_GEMM_DEFAULT),
      "({}, {}) = ({}, {}) ({}, {})", m, n, m, k, k, n);
}

}  // namespace odin::cuda
