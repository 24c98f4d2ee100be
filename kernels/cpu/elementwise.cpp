#include <algorithm>

#include "kernels/cpu/backend.h"
#include "kernels/cpu/multiversion.h"
#include "kernels/cpu/spans.h"

namespace odin::cpu {
namespace {

ODIN_MULTIVERSION
void add_span(const float* a, const float* b, float* y, std::int64_t n) {
  ODIN_INDEPENDENT
  for (std::int64_t i = 0; i < n; ++i) y[i] = a[i] + b[i];
}

}  // namespace

void CpuBackend::do_fill(TensorView y, double value) {
  const Rows to = rows_of("y", y);
  float* const out = y.data<float>();
  for_each_span(pool_, to, [&](std::int64_t row, std::int64_t begin, std::int64_t end) {
    float* const first = out + row * to.stride;
    std::fill(first + begin, first + end, static_cast<float>(value));
  });
}

void CpuBackend::do_copy(ConstTensorView x, TensorView y) {
  const Rows from = rows_of("x", x);
  const Rows to = rows_of("y", y);
  const float* const in = x.data<float>();
  float* const out = y.data<float>();
  for_each_span(pool_, to, [&](std::int64_t row, std::int64_t begin, std::int64_t end) {
    const float* const first = in + row * from.stride;
    std::copy(first + begin, first + end, out + row * to.stride + begin);
  });
}

void CpuBackend::do_add(ConstTensorView a, ConstTensorView b, TensorView y) {
  const Rows left = rows_of("a", a);
  const Rows right = rows_of("b", b);
  const Rows to = rows_of("y", y);
  const float* const l = a.data<float>();
  const float* const r = b.data<float>();
  float* const out = y.data<float>();
  for_each_span(pool_, to, [&](std::int64_t row, std::int64_t begin, std::int64_t end) {
    add_span(l + row * left.stride + begin, r + row * right.stride + begin,
             out + row * to.stride + begin, end - begin);
  });
}

}  // namespace odin::cpu
