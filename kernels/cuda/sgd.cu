#include "kernels/cuda/backend.h"
#include "kernels/cuda/device/map.cuh"
#include "kernels/cuda/operations.h"

namespace odin::cuda {
namespace {

// A view of an array. map() only reads its alignment.
ConstView row(const float* data) {
  return {data, Element::kFloat, 1, 1, 1, 4, 4};
}

struct SgdStep {
  static constexpr bool kNarrow = false;
  float learning_rate;
  float momentum;
  float weight_decay;
  float loss_scale;
  bool nesterov;
  float* w;
  const float* gradient;
  float* velocity;

  template <int V>
  __device__ void apply(std::int64_t, std::int64_t i) const {
    Floats<V> parameter = load<V>(w + i);
    Floats<V> moving = load<V>(velocity + i);
    const Floats<V> d = load<V>(gradient + i);
#pragma unroll
    for (int k = 0; k < V; ++k) {
      const float g = fmaf(weight_decay, parameter.v[k], d.v[k] / loss_scale);
      moving.v[k] = fmaf(momentum, moving.v[k], g);
      const float step = nesterov ? fmaf(momentum, moving.v[k], g) : moving.v[k];
      parameter.v[k] = fmaf(-learning_rate, step, parameter.v[k]);
    }
    store<V>(w + i, parameter);
    store<V>(velocity + i, moving);
  }
};

struct FindNotFinite {
  static constexpr bool kNarrow = false;
  const float* x;
  unsigned* found;

  template <int V>
  __device__ void apply(std::int64_t, std::int64_t i) const {
    const Floats<V> v = load<V>(x + i);
    bool all = true;
#pragma unroll
    for (int k = 0; k < V; ++k) all = all && v.v[k] - v.v[k] == 0;  // infinity and NaN give NaN
    if (!all) atomicOr(found, 1u);
  }
};

}  // namespace

void sgd_step(const SgdSetting& setting, float* w, const float* gradient, float* velocity,
              std::int64_t count, Stream stream) {
  const SgdStep step{static_cast<float>(setting.learning_rate),
                     static_cast<float>(setting.momentum),
                     static_cast<float>(setting.weight_decay),
                     static_cast<float>(setting.loss_scale),
                     setting.nesterov,
                     w,
                     gradient,
                     velocity};
  map(step, 1, count, {row(w), row(gradient), row(velocity)}, stream);
}

void find_not_finite(const float* x, std::int64_t count, std::int32_t* found, Stream stream) {
  map(FindNotFinite{x, reinterpret_cast<unsigned*>(found)}, 1, count, {row(x)}, stream);
}

void CudaBackend::do_sgd_step(const SgdSetting& setting, ConstTensorView gradient, TensorView w,
                              TensorView velocity) {
  cuda::sgd_step(setting, w.data<float>(), gradient.data<float>(), velocity.data<float>(),
                 w.numel(), stream_);
}

void CudaBackend::do_find_not_finite(ConstTensorView x, TensorView found) {
  cuda::find_not_finite(x.data<float>(), x.numel(), found.data<std::int32_t>(), stream_);
}

}  // namespace odin::cuda
