// cuBLAS: matrix products.
#pragma once

#include <source_location>
#include <string_view>

#include <cublas_v2.h>

#include "kernels/cuda/runtime/handle.h"
#include "kernels/cuda/runtime/status.h"
#include "kernels/cuda/runtime/stream.h"
#include "kernels/cuda/runtime/view.h"

namespace odin::cuda {

class CublasHandle {
 public:
  CublasHandle();

  // A row-major matrix; neighbouring rows are `pitch` elements apart. It may be read as its
  // transpose.
  struct Matrix {
    void* data = nullptr;
    std::int64_t pitch = 0;
    bool transposed = false;
  };
  // c (m, n) = a (m, k) b (k, n), or c += with `accumulate`; the shapes are those after
  // transposing. All of one element type, summed in float; float is multiplied as TF32 if `tf32`.
  void multiply(int m, int n, int k, const Matrix& a, const Matrix& b, const Matrix& c,
                Element element, bool tf32, bool accumulate, const Lane& lane);

 private:
  Handle<cublasHandle_t, cublasDestroy> handle_;
};

}  // namespace odin::cuda

// As ODIN_CUDA_CHECK.
#define ODIN_CUBLAS_CHECK(call, ...)                                                              \
  do {                                                                                            \
    if (const cublasStatus_t odin_status = (call); odin_status != CUBLAS_STATUS_SUCCESS)          \
        [[unlikely]] {                                                                            \
      ::odin::cuda::fail_library("cuBLAS", cublasGetStatusString(odin_status),                    \
                                 odin_status == CUBLAS_STATUS_ALLOC_FAILED, #call,                \
                                 ::fmt::format("" __VA_ARGS__), std::source_location::current()); \
    }                                                                                             \
  } while (false)
