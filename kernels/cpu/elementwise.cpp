#include "kernels/cpu/elementwise.h"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/multiversion.h"
#include "kernels/cpu/spans.h"

namespace odin::cpu {
namespace {

ODIN_MULTIVERSION
void add(const float* a, const float* b, float* y, std::int64_t n) {
  ODIN_INDEPENDENT
  for (std::int64_t i = 0; i < n; ++i) y[i] = a[i] + b[i];
}

}  // namespace

void accumulate(const float* from, float* to, std::int64_t n) {
  add(to, from, to, n);
}

void fill(ThreadPool& pool, const TensorView& y, double value) {
  const Rows to = rows_of("y", y);
  float* const out = y.data<float>();
  for_each_span(pool, to, [&](std::int64_t row, std::int64_t begin, std::int64_t end) {
    float* const first = out + row * to.stride;
    std::fill(first + begin, first + end, static_cast<float>(value));
  });
}

void copy(ThreadPool& pool, const ConstTensorView& x, const TensorView& y) {
  const Rows from = rows_of("x", x);
  const Rows to = rows_of("y", y);
  const float* const in = x.data<float>();
  float* const out = y.data<float>();
  for_each_span(pool, to, [&](std::int64_t row, std::int64_t begin, std::int64_t end) {
    const float* const first = in + row * from.stride;
    std::copy(first + begin, first + end, out + row * to.stride + begin);
  });
}

void add(ThreadPool& pool, const ConstTensorView& a, const ConstTensorView& b,
         const TensorView& y) {
  const Rows left = rows_of("a", a);
  const Rows right = rows_of("b", b);
  const Rows to = rows_of("y", y);
  const float* const l = a.data<float>();
  const float* const r = b.data<float>();
  float* const out = y.data<float>();
  for_each_span(pool, to, [&](std::int64_t row, std::int64_t begin, std::int64_t end) {
    add(l + row * left.stride + begin, r + row * right.stride + begin,
        out + row * to.stride + begin, end - begin);
  });
}

void find_not_finite(const ConstTensorView& x, const TensorView& found) {
  const float* const values = x.data<float>();
  const bool finite =
      std::all_of(values, values + x.numel(), [](float v) { return std::isfinite(v); });
  if (!finite) *found.data<std::int32_t>() = 1;
}

}  // namespace odin::cpu
