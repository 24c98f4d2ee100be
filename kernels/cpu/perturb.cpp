#include "kernels/cpu/backend.h"
#include "kernels/cpu/multiversion.h"
#include "kernels/cpu/spans.h"

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
  const std::int64_t channels = x.shape()[1];
  const std::int64_t pixels = x.shape()[2] * x.shape()[3];
  const Rows from = rows_of("x", x);
  const Rows slopes = rows_of("gradient", gradient);
  const Rows to = rows_of("y", y);
  const float* const in = x.data<float>();
  const float* const slope = gradient.data<float>();
  const float* const length = step.data<float>();
  float* const out = y.data<float>();
  pool_.run(x.shape()[0], [&](std::int64_t n, int) {
    for (std::int64_t c = 0; c < channels; ++c) {
      perturb_plane(in + n * from.stride + c * pixels, slope + n * slopes.stride + c * pixels,
                    length[c], out + n * to.stride + c * pixels, pixels);
    }
  });
}

}  // namespace odin::cpu
