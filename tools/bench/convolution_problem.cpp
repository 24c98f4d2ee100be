#include "tools/bench/convolution_problem.h"

#include <cmath>
#include <random>

#include <fmt/format.h>

namespace odin::bench {

std::string Shape::name() const {
  return fmt::format("{}x{}{} {:>3} -> {:<3} {:>2}x{:<2} x{:<2}", kernel, kernel,
                     stride == 1 ? "   " : fmt::format("/{} ", stride), in, out, size, size,
                     images);
}

ConvolutionSizes Shape::sizes() const {
  return convolution_sizes({.stride = stride, .padding = padding()}, {images, in, size, size},
                           {out, in, kernel, kernel});
}

std::vector<float> random_values(std::size_t count, double deviation) {
  static std::mt19937 random(1);
  std::normal_distribution<float> normal(0.0f, static_cast<float>(deviation));
  std::vector<float> values(count);
  for (float& v : values) v = normal(random);
  return values;
}

Problem::Problem(const Shape& s) : shape(s) {
  const int taps = s.kernel * s.kernel;
  const int in_pixels = s.size * s.size;
  const int out_pixels = s.out_size() * s.out_size();
  x = random_values(as_size(std::int64_t{s.images} * s.in * in_pixels), 1);
  w = random_values(as_size(std::int64_t{s.out} * s.in * taps), std::sqrt(2.0 / (s.in * taps)));
  dy = random_values(as_size(std::int64_t{s.images} * s.out * out_pixels), 1);
  y.assign(as_size(std::int64_t{s.out} * out_pixels), 0);
  dx.assign(as_size(std::int64_t{s.in} * in_pixels), 0);
  for (int o = 0; o < s.out; ++o) {
    for (int c = 0; c < s.in; ++c) {
      for (int tap = 0; tap < taps; ++tap) {
        const double weight = w[as_size((std::int64_t{o} * s.in + c) * taps + tap)];
        for (int p = 0; p < out_pixels; ++p) {
          const int row = p / s.out_size() * s.stride + tap / s.kernel - s.padding();
          const int column = p % s.out_size() * s.stride + tap % s.kernel - s.padding();
          if (row < 0 || row >= s.size || column < 0 || column >= s.size) continue;
          const std::size_t from = as_size(c * in_pixels + row * s.size + column);
          const std::size_t to = as_size(o * out_pixels + p);
          y[to] += weight * double{x[from]};
          dx[from] += weight * double{dy[to]};
        }
      }
    }
  }
}

}  // namespace odin::bench
