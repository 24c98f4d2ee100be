#include "kernels/cpu/backend.h"
#include "kernels/cpu/multiversion.h"
#include "kernels/cpu/spans.h"

namespace odin::cpu {
namespace {

ODIN_MULTIVERSION
void forward(const float* x, float* y, std::int64_t n) {
  ODIN_INDEPENDENT
  for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] < 0 ? 0.0f : x[i];
}

ODIN_MULTIVERSION
void backward(const float* y, const float* dy, float* dx, std::int64_t n) {
  ODIN_INDEPENDENT
  for (std::int64_t i = 0; i < n; ++i) dx[i] += y[i] > 0 ? dy[i] : 0.0f;
}

}  // namespace

void CpuBackend::do_relu_forward(ConstTensorView x, TensorView y) {
  const Rows from = rows_of("x", x);
  const Rows to = rows_of("y", y);
  const float* const in = x.data<float>();
  float* const out = y.data<float>();
  for_each_span(pool_, to, [&](std::int64_t row, std::int64_t begin, std::int64_t end) {
    forward(in + row * from.stride + begin, out + row * to.stride + begin, end - begin);
  });
}

void CpuBackend::do_relu_backward(ConstTensorView y, ConstTensorView dy, TensorView dx) {
  const Rows kept = rows_of("y", y);
  const Rows from = rows_of("dy", dy);
  const Rows to = rows_of("dx", dx);
  const float* const out = y.data<float>();
  const float* const dout = dy.data<float>();
  float* const din = dx.data<float>();
  for_each_span(pool_, to, [&](std::int64_t row, std::int64_t begin, std::int64_t end) {
    backward(out + row * kept.stride + begin, dout + row * from.stride + begin,
             din + row * to.stride + begin, end - begin);
  });
}

}  // namespace odin::cpu
