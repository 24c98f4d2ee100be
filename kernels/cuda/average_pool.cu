#include "kernels/cuda/backend.h"
#include "kernels/cuda/device/map.cuh"
#include "kernels/cuda/operations.h"
#include "kernels/cuda/runtime/view_of.h"

namespace odin::cuda {
namespace {

struct Window {
  int size;
  int stride;
  int height;  // of x, the larger side
  int width;
  int out_height;
  int out_width;
};

// One thread per pixel of y.
template <class T, class To>
struct PoolForward {
  static constexpr bool kNarrow = sizeof(T) == 2 && sizeof(To) == 2;
  Affine affine;
  Window window;
  Rows<const T> x;
  Rows<To> y;

  template <int V>
  __device__ void apply(std::int64_t p, std::int64_t c) const {
    const auto pixel = static_cast<int>(p);
    const int column = pixel % window.out_width * window.stride;
    const int row = pixel / window.out_width % window.out_height * window.stride;
    const int image = pixel / (window.out_width * window.out_height);
    Floats<V> scale;
    Floats<V> shift;
    Floats<V> sum;
#pragma unroll
    for (int i = 0; i < V; ++i) {
      scale.v[i] = affine.scale != nullptr ? affine.scale[c + i] : 1;
      shift.v[i] = affine.scale != nullptr ? affine.shift[c + i] : 0;
      sum.v[i] = 0;
    }
    for (int i = 0; i < window.size; ++i) {
      const std::int64_t first =
          (std::int64_t{image} * window.height + row + i) * window.width + column;
      for (int j = 0; j < window.size; ++j) {
        const Floats<V> value = load<V>(x.at(first + j, c));
#pragma unroll
        for (int k = 0; k < V; ++k) {
          const float z = fmaf(scale.v[k], value.v[k], shift.v[k]);
          sum.v[k] += affine.relu && z < 0 ? 0 : z;
        }
      }
    }
    const float share = 1.0f / static_cast<float>(window.size * window.size);
#pragma unroll
    for (int i = 0; i < V; ++i) sum.v[i] *= share;
    store<V>(y.at(p, c), sum);
  }
};

// One thread per pixel of x, which collects from the windows it is in: no two threads write to one
// place.
template <class T, class From>
struct PoolBackward {
  static constexpr bool kNarrow = sizeof(T) == 2 && sizeof(From) == 2;
  Affine affine;
  Window window;
  Rows<const T> x;
  Rows<const From> dy;
  Rows<T> dx;

  // The windows [first, last] along an axis that contain `place`.
  __device__ int first_window(int place) const {
    return place < window.size ? 0 : (place - window.size) / window.stride + 1;
  }
  __device__ int last_window(int place, int windows) const {
    const int last = place / window.stride;
    return last < windows ? last : windows - 1;
  }

  template <int V>
  __device__ void apply(std::int64_t p, std::int64_t c) const {
    const int column = static_cast<int>(p % window.width);
    const int row = static_cast<int>(p / window.width % window.height);
    const std::int64_t image = p / (std::int64_t{window.width} * window.height);
    Floats<V> gradient{};
    const int last_row = last_window(row, window.out_height);
    const int last_column = last_window(column, window.out_width);
    for (int i = first_window(row); i <= last_row; ++i) {
      for (int j = first_window(column); j <= last_column; ++j) {
        const std::int64_t out = (image * window.out_height + i) * window.out_width + j;
        const Floats<V> value = load<V>(dy.at(out, c));
#pragma unroll
        for (int k = 0; k < V; ++k) gradient.v[k] += value.v[k];
      }
    }
    const float share = 1.0f / static_cast<float>(window.size * window.size);
    Floats<V> sum = load<V>(dx.at(p, c));
    Floats<V> value{};
    if (affine.relu) value = load<V>(x.at(p, c));
#pragma unroll
    for (int i = 0; i < V; ++i) {
      const float scale = affine.scale != nullptr ? affine.scale[c + i] : 1;
      const float shift = affine.scale != nullptr ? affine.shift[c + i] : 0;
      const bool open = !affine.relu || fmaf(scale, value.v[i], shift) > 0;
      sum.v[i] += open ? scale * share * gradient.v[i] : 0;
    }
    store<V>(dx.at(p, c), sum);
  }
};

Window make_window(int size, int stride, const ConstView& x, const ConstView& y) {
  expect(size >= 1 && stride >= 1, "the window and the stride of a pool are at least 1");
  expect(x.images == y.images && x.channels == y.channels && x.height >= size && x.width >= size &&
             y.height == (x.height - size) / stride + 1 && y.width == (x.width - size) / stride + 1,
         "the operands of a pool do not fit its window");
  expect(x.pixels() <= 0x7fffffff, "a pool of more than 2^31 pixels is not supported");
  return {size, stride, x.height, x.width, y.height, y.width};
}

}  // namespace

void average_pool_forward(int window, int stride, Affine affine, ConstView x, View y,
                          Stream stream) {
  if (y.empty()) return;
  const Window geometry = make_window(window, stride, x, y);
  with_type(x.element, [&](auto from) {
    with_type(y.element, [&](auto to) {
      using T = decltype(from);
      using To = decltype(to);
      if constexpr (std::is_same_v<T, To> || std::is_same_v<To, float>) {
        map(PoolForward<T, To>{affine, geometry, rows<T>(x), rows<To>(y)}, y.pixels(), y.channels,
            {x, y}, stream);
      } else {
        expect(false, "a pool writes the element type it reads, or float");
      }
    });
  });
}

void average_pool_backward(int window, int stride, Affine affine, ConstView x, ConstView dy,
                           View dx, Stream stream) {
  if (dx.empty()) return;
  const Window geometry = make_window(window, stride, dx, dy);
  if (!affine.relu) x = dx;  // not read
  expect(same_shape(x, dx) && x.element == dx.element, "the operands of a pool differ");
  with_type(dx.element, [&](auto to) {
    with_type(dy.element, [&](auto from) {
      using T = decltype(to);
      using From = decltype(from);
      if constexpr (std::is_same_v<T, From> || std::is_same_v<From, float>) {
        map(PoolBackward<T, From>{affine, geometry, rows<T>(x), rows<From>(dy), rows<T>(dx)},
            dx.pixels(), dx.channels, {x, dy, dx}, stream);
      } else {
        expect(false, "a pool's gradient is of the element type of the activation, or float");
      }
    });
  });
}

void CudaBackend::do_average_pool_forward(int window, int stride, ConstTensorView x, TensorView y) {
  cuda::average_pool_forward(window, stride, {}, view_of(x), view_of(y), stream_);
}

void CudaBackend::do_average_pool_backward(int window, int stride, ConstTensorView dy,
                                           TensorView dx) {
  cuda::average_pool_backward(window, stride, {}, {}, view_of(dy), view_of(dx), stream_);
}

}  // namespace odin::cuda
