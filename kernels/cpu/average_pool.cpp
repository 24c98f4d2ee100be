#include "kernels/cpu/backend.h"
#include "kernels/cpu/images.h"

namespace odin::cpu {
namespace {

// The extents of one plane, before and after pooling.
struct PooledPlanes {
  std::int64_t width;
  std::int64_t pooled_height;
  std::int64_t pooled_width;
  std::int64_t window;
  std::int64_t stride;
};

void pool_plane(const PooledPlanes& s, const float* x, float* y) {
  const float scale = 1.0f / static_cast<float>(s.window * s.window);
  for (std::int64_t i = 0; i < s.pooled_height; ++i) {
    for (std::int64_t j = 0; j < s.pooled_width; ++j) {
      const float* corner = x + i * s.stride * s.width + j * s.stride;
      float sum = 0;
      for (std::int64_t p = 0; p < s.window; ++p, corner += s.width) {
        for (std::int64_t q = 0; q < s.window; ++q) sum += corner[q];
      }
      y[i * s.pooled_width + j] = scale * sum;
    }
  }
}

void spread_plane(const PooledPlanes& s, const float* dy, float* dx) {
  const float scale = 1.0f / static_cast<float>(s.window * s.window);
  for (std::int64_t i = 0; i < s.pooled_height; ++i) {
    for (std::int64_t j = 0; j < s.pooled_width; ++j) {
      float* corner = dx + i * s.stride * s.width + j * s.stride;
      const float share = scale * dy[i * s.pooled_width + j];
      for (std::int64_t p = 0; p < s.window; ++p, corner += s.width) {
        for (std::int64_t q = 0; q < s.window; ++q) corner[q] += share;
      }
    }
  }
}

}  // namespace

void CpuBackend::do_average_pool_forward(int window, int stride, ConstTensorView x, TensorView y) {
  const PooledPlanes planes{x.shape()[3], y.shape()[2], y.shape()[3], window, stride};
  const Images<const float> in = images_of("x", x);
  const Images<float> out = images_of("y", y);
  for_each_plane(pool_, y, [&](std::int64_t n, std::int64_t c) {
    pool_plane(planes, in.plane(n, c, pixels_of(x)), out.plane(n, c, pixels_of(y)));
  });
}

void CpuBackend::do_average_pool_backward(int window, int stride, ConstTensorView dy,
                                          TensorView dx) {
  const PooledPlanes planes{dx.shape()[3], dy.shape()[2], dy.shape()[3], window, stride};
  const Images<const float> dout = images_of("dy", dy);
  const Images<float> din = images_of("dx", dx);
  for_each_plane(pool_, dy, [&](std::int64_t n, std::int64_t c) {
    spread_plane(planes, dout.plane(n, c, pixels_of(dy)), din.plane(n, c, pixels_of(dx)));
  });
}

}  // namespace odin::cpu
