#include "kernels/cpu/backend.h"
#include "kernels/cpu/images.h"
#include "kernels/cpu/multiversion.h"

namespace odin::cpu {
namespace {

ODIN_MULTIVERSION
void perturb_plane(const float* x, const float* gradient, float step, float* y, std::int64_t n) {
  ODIN_INDEPENDENT
  for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] - (gradient[i] >= 0 ? step : -step);
}

}  // namespace

void CpuBackend::do_perturb(ConstTensorView x, ConstTensorView gradient, ConstTensorView step,
                            TensorView y) {
  const std::int64_t pixels = pixels_of(x);
  const Images<const float> in = images_of("x", x);
  const Images<const float> slopes = images_of("gradient", gradient);
  const Images<float> out = images_of("y", y);
  const float* const steps = step.data<float>();
  for_each_plane(pool_, x, [&](std::int64_t n, std::int64_t c) {
    perturb_plane(in.plane(n, c, pixels), slopes.plane(n, c, pixels), steps[c],
                  out.plane(n, c, pixels), pixels);
  });
}

}  // namespace odin::cpu
