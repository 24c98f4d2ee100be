#include "kernels/cpu/multiply.h"

#include <oneapi/dnnl/dnnl.h>

#include "kernels/error.h"

namespace odin::cpu {

void multiply(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix& a, const Matrix& b,
              float beta, float* c, std::int64_t leading_c) {
  const dnnl_status_t status =
      dnnl_sgemm(a.transposed ? 'T' : 'N', b.transposed ? 'T' : 'N', m, n, k, 1, a.data, a.leading,
                 b.data, b.leading, beta, c, leading_c);
  require(status == dnnl_success, "oneDNN cannot multiply {} x {} by {} x {} (status {})", m, k, k,
          n, static_cast<int>(status));
}

}  // namespace odin::cpu
