#include <algorithm>
#include <cmath>

#include "kernels/cpu/backend.h"
#include "kernels/cpu/multiversion.h"
#include "kernels/cpu/spans.h"

namespace odin::cpu {
namespace {

// w -= rate (step_of_gradient g + step_of_velocity velocity). The two factors are 1 and the
// momentum with Nesterov's momentum, and 0 and 1 without.
struct Factors {
  float loss_scale;
  float rate;
  float momentum;
  float weight_decay;
  float step_of_gradient;
  float step_of_velocity;
};

ODIN_MULTIVERSION
void step(const Factors& factors, const float* gradient, float* w, float* velocity,
          std::int64_t n) {
  const auto [loss_scale, rate, momentum, weight_decay, step_of_gradient, step_of_velocity] =
      factors;
  ODIN_INDEPENDENT
  for (std::int64_t i = 0; i < n; ++i) {
    const float g = gradient[i] / loss_scale + weight_decay * w[i];
    velocity[i] = momentum * velocity[i] + g;
    w[i] -= rate * (step_of_gradient * g + step_of_velocity * velocity[i]);
  }
}

}  // namespace

void CpuBackend::do_sgd_step(const SgdSetting& setting, ConstTensorView gradient, TensorView w,
                             TensorView velocity) {
  const Factors factors{static_cast<float>(setting.loss_scale),
                        static_cast<float>(setting.learning_rate),
                        static_cast<float>(setting.momentum),
                        static_cast<float>(setting.weight_decay),
                        setting.nesterov ? 1.0f : 0.0f,
                        setting.nesterov ? static_cast<float>(setting.momentum) : 1.0f};
  const float* const d = gradient.data<float>();
  float* const parameter = w.data<float>();
  float* const moving = velocity.data<float>();
  for_each_span(pool_, {1, w.numel(), w.numel()},
                [&](std::int64_t, std::int64_t begin, std::int64_t end) {
                  step(factors, d + begin, parameter + begin, moving + begin, end - begin);
                });
}

void CpuBackend::do_find_not_finite(ConstTensorView x, TensorView found) {
  const float* const values = x.data<float>();
  const bool finite =
      std::all_of(values, values + x.numel(), [](float v) { return std::isfinite(v); });
  if (!finite) *found.data<std::int32_t>() = 1;
}

}  // namespace odin::cpu
