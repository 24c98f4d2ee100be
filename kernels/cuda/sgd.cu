#include "kernels/cuda/device/map.cuh"
#include "kernels/cuda/sgd.h"

namespace odin::cuda {
namespace {

struct SgdStep {
  static constexpr bool kNarrow = false;
  SgdSetting setting;
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
      const float g = fmaf(setting.weight_decay, parameter.v[k], d.v[k] / setting.loss_scale);
      moving.v[k] = fmaf(setting.momentum, moving.v[k], g);
      const float step = setting.nesterov ? fmaf(setting.momentum, moving.v[k], g) : moving.v[k];
      parameter.v[k] = fmaf(-setting.learning_rate, step, parameter.v[k]);
    }
    store<V>(w + i, parameter);
    store<V>(velocity + i, moving);
  }
};

}  // namespace

void sgd_step(const SgdSetting& setting, float* w, const float* gradient, float* velocity,
              std::int64_t count, Stream stream) {
  const auto row = [](const float* data) {
    return ConstView{data, Element::kFloat, 1, 1, 1, 4, 4};
  };
  map(SgdStep{setting, w, gradient, velocity}, 1, count, {row(w), row(gradient), row(velocity)},
      stream);
}

}  // namespace odin::cuda
