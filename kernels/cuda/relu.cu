#include "kernels/cuda/backend.h"
#include "kernels/cuda/device/map.cuh"
#include "kernels/cuda/operations.h"
#include "kernels/cuda/runtime/view_of.h"

namespace odin::cuda {
namespace {

template <class T>
struct ReluForward {
  static constexpr bool kNarrow = sizeof(T) == 2;
  Rows<const T> x;
  Rows<T> y;

  template <int V>
  __device__ void apply(std::int64_t p, std::int64_t c) const {
    Floats<V> v = load<V>(x.at(p, c));
#pragma unroll
    for (int i = 0; i < V; ++i) v.v[i] = v.v[i] < 0 ? 0 : v.v[i];
    store<V>(y.at(p, c), v);
  }
};

template <class T>
struct ReluBackward {
  static constexpr bool kNarrow = sizeof(T) == 2;
  Rows<const T> y;
  Rows<const T> dy;
  Rows<T> dx;

  template <int V>
  __device__ void apply(std::int64_t p, std::int64_t c) const {
    const Floats<V> value = load<V>(y.at(p, c));
    const Floats<V> gradient = load<V>(dy.at(p, c));
    Floats<V> sum = load<V>(dx.at(p, c));
#pragma unroll
    for (int i = 0; i < V; ++i) sum.v[i] += value.v[i] > 0 ? gradient.v[i] : 0;
    store<V>(dx.at(p, c), sum);
  }
};

}  // namespace

void relu_forward(ConstView x, View y, Stream stream) {
  expect(x.element == y.element, "the operands of a ReLU differ in type");
  with_type(y.element, [&](auto t) {
    using T = decltype(t);
    map_flat(ReluForward<T>{rows<T>(x), rows<T>(y)}, {x, y}, stream);
  });
}

void relu_backward(ConstView y, ConstView dy, View dx, Stream stream) {
  expect(y.element == dx.element && dy.element == dx.element,
         "the operands of a ReLU differ in type");
  with_type(dx.element, [&](auto t) {
    using T = decltype(t);
    map_flat(ReluBackward<T>{rows<T>(y), rows<T>(dy), rows<T>(dx)}, {y, dy, dx}, stream);
  });
}

void CudaBackend::do_relu_forward(ConstTensorView x, TensorView y) {
  cuda::relu_forward(view_of(x), view_of(y), stream_);
}

void CudaBackend::do_relu_backward(ConstTensorView y, ConstTensorView dy, TensorView dx) {
  cuda::relu_backward(view_of(y), view_of(dy), view_of(dx), stream_);
}

}  // namespace odin::cuda
