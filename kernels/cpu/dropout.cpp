#include <cmath>

#include "kernels/cpu/backend.h"
#include "kernels/cpu/multiversion.h"
#include "kernels/cpu/spans.h"
#include "kernels/philox.h"

namespace odin::cpu {
namespace {

constexpr std::int64_t kWords = 4;      // per call of the generator
constexpr std::int64_t kCounters = 64;  // generated together, one per lane

// A mask: element e is kept where the upper 24 bits of word e are at least `threshold`.
struct Mask {
  RandomKey key;
  std::uint32_t threshold;
  float factor;
};

Mask make_mask(double rate, RandomKey key) {
  return {key, philox_threshold(rate), static_cast<float>(1 / (1 - rate))};
}

// factors[e] = 0 or mask.factor for elements [kWords counter, kWords (counter + kCounters)).
ODIN_MULTIVERSION
void generate(const Mask& mask, std::uint64_t counter, float* factors) {
  const auto stream0 = static_cast<std::uint32_t>(mask.key.stream);
  const auto stream1 = static_cast<std::uint32_t>(mask.key.stream >> 32);
  const auto key0 = static_cast<std::uint32_t>(mask.key.seed);
  const auto key1 = static_cast<std::uint32_t>(mask.key.seed >> 32);
  // Copies, because a conditional load would not be vectorised.
  const std::uint32_t threshold = mask.threshold;
  const float factor = mask.factor;
  ODIN_INDEPENDENT
  for (std::int64_t i = 0; i < kCounters; ++i) {
    const std::uint64_t at = counter + static_cast<std::uint64_t>(i);
    const Philox4x32 r = philox4x32_10(
        {{static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at >> 32), stream0, stream1}},
        key0, key1);
    for (std::int64_t w = 0; w < kWords; ++w) {
      factors[i * kWords + w] = (r.x[w] >> 8) >= threshold ? factor : 0.0f;
    }
  }
}

ODIN_MULTIVERSION
void multiply(const float* x, const float* factors, float* y, std::int64_t n) {
  ODIN_INDEPENDENT
  for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] * factors[i];
}

ODIN_MULTIVERSION
void multiply_add(const float* x, const float* factors, float* y, std::int64_t n) {
  ODIN_INDEPENDENT
  for (std::int64_t i = 0; i < n; ++i) y[i] += x[i] * factors[i];
}

// Calls task(offset of x, offset of y, factors, n) for pieces of n elements, with their factors.
template <class Task>
void for_each_masked(ThreadPool& pool, const Mask& mask, const Rows& from, const Rows& to,
                     Task&& task) {
  constexpr std::int64_t kAtOnce = kWords * kCounters;
  for_each_span(pool, to, [&](std::int64_t row, std::int64_t begin, std::int64_t end) {
    float factors[kAtOnce];
    const std::int64_t row_start = row * to.length;  // the row-major index of the row's start
    for (std::int64_t e = row_start + begin; e < row_start + end;) {
      const std::int64_t first = e / kWords * kWords;
      generate(mask, static_cast<std::uint64_t>(first / kWords), factors);
      const std::int64_t n = std::min(first + kAtOnce, row_start + end) - e;
      const std::int64_t column = e - row_start;
      task(row * from.stride + column, row * to.stride + column, factors + (e - first), n);
      e += n;
    }
  });
}

}  // namespace

void CpuBackend::do_dropout_forward(double rate, RandomKey key, ConstTensorView x, TensorView y) {
  const float* const in = x.data<float>();
  float* const out = y.data<float>();
  for_each_masked(pool_, make_mask(rate, key), rows_of("x", x), rows_of("y", y),
                  [&](std::int64_t from, std::int64_t to, const float* factors, std::int64_t n) {
                    multiply(in + from, factors, out + to, n);
                  });
}

void CpuBackend::do_dropout_backward(double rate, RandomKey key, ConstTensorView dy,
                                     TensorView dx) {
  const float* const dout = dy.data<float>();
  float* const din = dx.data<float>();
  for_each_masked(pool_, make_mask(rate, key), rows_of("dy", dy), rows_of("dx", dx),
                  [&](std::int64_t from, std::int64_t to, const float* factors, std::int64_t n) {
                    multiply_add(dout + from, factors, din + to, n);
                  });
}

}  // namespace odin::cpu
