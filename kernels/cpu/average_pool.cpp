#include "kernels/cpu/backend.h"
#include "kernels/cpu/spans.h"

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

// Calls task(wide, pooled) for every plane, with its offsets in the two tensors.
template <class Task>
void for_each_plane(ThreadPool& pool, const ConstTensorView& wide, const Rows& wide_rows,
                    const ConstTensorView& pooled, const Rows& pooled_rows, Task&& task) {
  const std::int64_t pixels = wide.shape()[2] * wide.shape()[3];
  const std::int64_t pooled_pixels = pooled.shape()[2] * pooled.shape()[3];
  pool.run(wide.shape()[0], [&](std::int64_t n, int) {
    for (std::int64_t c = 0; c < wide.shape()[1]; ++c) {
      task(n * wide_rows.stride + c * pixels, n * pooled_rows.stride + c * pooled_pixels);
    }
  });
}

}  // namespace

void CpuBackend::do_average_pool_forward(int window, int stride, ConstTensorView x, TensorView y) {
  const PooledPlanes planes{x.shape()[3], y.shape()[2], y.shape()[3], window, stride};
  const float* const in = x.data<float>();
  float* const out = y.data<float>();
  for_each_plane(
      pool_, x, rows_of("x", x), y, rows_of("y", y),
      [&](std::int64_t from, std::int64_t to) { pool_plane(planes, in + from, out + to); });
}

void CpuBackend::do_average_pool_backward(int window, int stride, ConstTensorView dy,
                                          TensorView dx) {
  const PooledPlanes planes{dx.shape()[3], dy.shape()[2], dy.shape()[3], window, stride};
  const float* const dout = dy.data<float>();
  float* const din = dx.data<float>();
  for_each_plane(
      pool_, dx, rows_of("dx", dx), dy, rows_of("dy", dy),
      [&](std::int64_t to, std::int64_t from) { spread_plane(planes, dout + from, din + to); });
}

}  // namespace odin::cpu
