#include "kernels/cuda/backend.h"
#include "kernels/cuda/device/map.cuh"
#include "kernels/cuda/operations.h"
#include "kernels/cuda/runtime/view_of.h"

namespace odin::cuda {
namespace {

template <class T>
struct Perturb {
  static constexpr bool kNarrow = false;
  Rows<const float> x;
  Rows<const T> gradient;
  const float* step;
  Rows<float> y;

  template <int V>
  __device__ void apply(std::int64_t p, std::int64_t c) const {
    Floats<V> v = load<V>(x.at(p, c));
    const Floats<V> g = load<V>(gradient.at(p, c));
#pragma unroll
    for (int i = 0; i < V; ++i) v.v[i] -= g.v[i] >= 0 ? step[c + i] : -step[c + i];
    store<V>(y.at(p, c), v);
  }
};

}  // namespace

void perturb(ConstView x, ConstView gradient, const float* step, View y, Stream stream) {
  expect(same_shape(x, y) && same_shape(gradient, y), "the operands of a perturbation differ");
  expect(x.element == Element::kFloat && y.element == Element::kFloat, "images are float");
  with_type(gradient.element, [&](auto t) {
    using T = decltype(t);
    map(Perturb<T>{rows<float>(x), rows<T>(gradient), step, rows<float>(y)}, y.pixels(), y.channels,
        {x, gradient, y}, stream);
  });
}

void CudaBackend::do_perturb(ConstTensorView x, ConstTensorView gradient, ConstTensorView step,
                             TensorView y) {
  cuda::perturb(view_of(x), view_of(gradient), step.data<float>(), view_of(y), stream_);
}

}  // namespace odin::cuda
