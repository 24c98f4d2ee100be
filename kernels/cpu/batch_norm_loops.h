// The vectorised loops of batch norm over one plane, compiled for each instruction set.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/cpu/multiversion.h"

namespace odin::cpu {

constexpr int kSumLanes = 32;
// Elements that are summed in float before the sum continues in double.
constexpr std::int64_t kSumBlock = 1024;
// Sums run in a fixed number of lanes, so numbers are added in the same order by every instruction
// set. (Where the compiler makes multiply-adds of AVX-512, a product is not rounded before it is
// added.)
using Lanes __attribute__((vector_size(4 * kSumLanes), aligned(4))) = float;
using WideLanes __attribute__((vector_size(8 * kSumLanes), aligned(64))) = double;

// Calls f(begin, n) for the blocks of a plane.
template <class Function>
void for_each_block(std::int64_t pixels, Function f) {
  for (std::int64_t begin = 0; begin < pixels; begin += kSumBlock) {
    f(begin, std::min(kSumBlock, pixels - begin));
  }
}

struct Sum {
  WideLanes lanes{};

  double total() const {
    // Not one chain of additions, which would take longer than adding a small plane.
    double part[4]{};
    for (int l = 0; l < kSumLanes; l += 4) {
      for (int i = 0; i < 4; ++i) part[i] += lanes[l + i];
    }
    return (part[0] + part[2]) + (part[1] + part[3]);
  }
};

// The sums over a channel of u and of u v.
struct Sums {
  Sum u;
  Sum uv;
};

// Adds n <= kSumBlock elements, u = x and v = 1.
ODIN_MULTIVERSION static inline void add_values(const float* x, std::int64_t n, Sum& sum) {
  const std::int64_t whole = n / kSumLanes * kSumLanes;
  Lanes lanes{};
  for (std::int64_t i = 0; i < whole; i += kSumLanes)
    lanes += *reinterpret_cast<const Lanes*>(x + i);
  sum.lanes += __builtin_convertvector(lanes, WideLanes);
  for (std::int64_t i = whole; i < n; ++i) sum.lanes[i - whole] += static_cast<double>(x[i]);
}

// Adds n <= kSumBlock elements, u = v = x - centre.
ODIN_MULTIVERSION static inline void add_deviations(const float* x, float centre, std::int64_t n,
                                                    Sums& sums) {
  const std::int64_t whole = n / kSumLanes * kSumLanes;
  Lanes values{};
  Lanes squares{};
  for (std::int64_t i = 0; i < whole; i += kSumLanes) {
    const Lanes d = *reinterpret_cast<const Lanes*>(x + i) - centre;
    values += d;
    squares += d * d;
  }
  sums.u.lanes += __builtin_convertvector(values, WideLanes);
  sums.uv.lanes += __builtin_convertvector(squares, WideLanes);
  for (std::int64_t i = whole; i < n; ++i) {
    const double d = static_cast<double>(x[i]) - static_cast<double>(centre);
    sums.u.lanes[i - whole] += d;
    sums.uv.lanes[i - whole] += d * d;
  }
}

// Adds n <= kSumBlock elements, u = dy and v = x - mean.
ODIN_MULTIVERSION static inline void add_gradients(const float* x, const float* dy, float mean,
                                                   std::int64_t n, Sums& sums) {
  const std::int64_t whole = n / kSumLanes * kSumLanes;
  Lanes values{};
  Lanes products{};
  for (std::int64_t i = 0; i < whole; i += kSumLanes) {
    const Lanes d = *reinterpret_cast<const Lanes*>(dy + i);
    values += d;
    products += d * (*reinterpret_cast<const Lanes*>(x + i) - mean);
  }
  sums.u.lanes += __builtin_convertvector(values, WideLanes);
  sums.uv.lanes += __builtin_convertvector(products, WideLanes);
  for (std::int64_t i = whole; i < n; ++i) {
    const auto d = static_cast<double>(dy[i]);
    sums.u.lanes[i - whole] += d;
    sums.uv.lanes[i - whole] += d * (static_cast<double>(x[i]) - static_cast<double>(mean));
  }
}

// The same, but dy counts as zero where scale (x - mean) + shift <= 0, that is, where the ReLU
// after the norm was closed.
ODIN_MULTIVERSION static inline void add_open_gradients(const float* x, const float* dy, float mean,
                                                        float scale, float shift, std::int64_t n,
                                                        Sums& sums) {
  const std::int64_t whole = n / kSumLanes * kSumLanes;
  const Lanes zero{};
  Lanes values{};
  Lanes products{};
  for (std::int64_t i = 0; i < whole; i += kSumLanes) {
    const Lanes centred = *reinterpret_cast<const Lanes*>(x + i) - mean;
    const Lanes gradient = *reinterpret_cast<const Lanes*>(dy + i);
    const Lanes d = scale * centred + shift > zero ? gradient : zero;
    values += d;
    products += d * centred;
  }
  sums.u.lanes += __builtin_convertvector(values, WideLanes);
  sums.uv.lanes += __builtin_convertvector(products, WideLanes);
  for (std::int64_t i = whole; i < n; ++i) {
    const float centred = x[i] - mean;
    if (!(scale * centred + shift > 0)) continue;
    sums.u.lanes[i - whole] += static_cast<double>(dy[i]);
    sums.uv.lanes[i - whole] += static_cast<double>(dy[i]) * static_cast<double>(centred);
  }
}

// y = scale (x - mean) + shift
ODIN_MULTIVERSION static inline void normalise(const float* x, float mean, float scale, float shift,
                                               float* y, std::int64_t n) {
  ODIN_INDEPENDENT
  for (std::int64_t i = 0; i < n; ++i) y[i] = scale * (x[i] - mean) + shift;
}

// The same, then a ReLU that lets NaN through.
ODIN_MULTIVERSION static inline void normalise_relu(const float* x, float mean, float scale,
                                                    float shift, float* y, std::int64_t n) {
  ODIN_INDEPENDENT
  for (std::int64_t i = 0; i < n; ++i) {
    const float z = scale * (x[i] - mean) + shift;
    y[i] = z < 0 ? 0.0f : z;
  }
}

// dx += scale (dy - offset - slope (x - mean))
ODIN_MULTIVERSION static inline void add_gradient(const float* x, const float* dy, float mean,
                                                  float scale, float offset, float slope, float* dx,
                                                  std::int64_t n) {
  ODIN_INDEPENDENT
  for (std::int64_t i = 0; i < n; ++i) dx[i] += scale * (dy[i] - offset - slope * (x[i] - mean));
}

// The same, but dy counts as zero where the ReLU after the norm was closed.
ODIN_MULTIVERSION static inline void add_open_gradient(const float* x, const float* dy, float mean,
                                                       float scale, float shift, float offset,
                                                       float slope, float* dx, std::int64_t n) {
  ODIN_INDEPENDENT
  for (std::int64_t i = 0; i < n; ++i) {
    const float centred = x[i] - mean;
    const float d = scale * centred + shift > 0 ? dy[i] : 0.0f;
    dx[i] += scale * (d - offset - slope * centred);
  }
}

// Elements ahead of which x and dx are asked for: the processor's own prefetcher starts again on
// every page, and planes are no larger than that.
constexpr std::int64_t kAhead = 512;

// Inlined into add_open() and set_open().
template <bool kAdd>
inline __attribute__((always_inline)) void pass_open(const float* x, const float* dh, float mean,
                                                     float scale, float shift, float* dx,
                                                     std::int64_t n, Sums& sums) {
  const std::int64_t whole = n / kSumLanes * kSumLanes;
  const Lanes zero{};
  Lanes values{};
  Lanes products{};
  for (std::int64_t i = 0; i < whole; i += kSumLanes) {
    for (std::int64_t ahead = kAhead; ahead < kAhead + kSumLanes; ahead += kSumLanes / 2) {
      __builtin_prefetch(x + i + ahead);
      __builtin_prefetch(dx + i + ahead, 1);
    }
    const Lanes in = *reinterpret_cast<const Lanes*>(x + i);
    const Lanes gradient = *reinterpret_cast<const Lanes*>(dh + i);
    const Lanes d = scale * in + shift > zero ? gradient : zero;
    values += d;
    products += d * (in - mean);
    Lanes& to = *reinterpret_cast<Lanes*>(dx + i);
    to = kAdd ? to + scale * d : scale * d;
  }
  sums.u.lanes += __builtin_convertvector(values, WideLanes);
  sums.uv.lanes += __builtin_convertvector(products, WideLanes);
  for (std::int64_t i = whole; i < n; ++i) {
    const float d = scale * x[i] + shift > 0 ? dh[i] : 0.0f;
    sums.u.lanes[i - whole] += static_cast<double>(d);
    sums.uv.lanes[i - whole] += static_cast<double>(d) * static_cast<double>(x[i] - mean);
    dx[i] = kAdd ? dx[i] + scale * d : scale * d;
  }
}

// With d = dh where the ReLU after the norm was open (scale x + shift > 0), else 0: dx += scale d,
// and u = d, v = x - mean of n <= kSumBlock elements are added to the sums.
ODIN_MULTIVERSION static inline void add_open(const float* x, const float* dh, float mean,
                                              float scale, float shift, float* dx, std::int64_t n,
                                              Sums& sums) {
  pass_open<true>(x, dh, mean, scale, shift, dx, n, sums);
}
// The same, but dx = scale d.
ODIN_MULTIVERSION static inline void set_open(const float* x, const float* dh, float mean,
                                              float scale, float shift, float* dx, std::int64_t n,
                                              Sums& sums) {
  pass_open<false>(x, dh, mean, scale, shift, dx, n, sums);
}

// dx -= offset + slope (x - mean)
ODIN_MULTIVERSION static inline void subtract_line(const float* x, float mean, float offset,
                                                   float slope, float* dx, std::int64_t n) {
  ODIN_INDEPENDENT
  for (std::int64_t i = 0; i < n; ++i) dx[i] -= offset + slope * (x[i] - mean);
}

// dx += scale dy
ODIN_MULTIVERSION static inline void add_scaled(const float* dy, float scale, float* dx,
                                                std::int64_t n) {
  ODIN_INDEPENDENT
  for (std::int64_t i = 0; i < n; ++i) dx[i] += scale * dy[i];
}

}  // namespace odin::cpu
