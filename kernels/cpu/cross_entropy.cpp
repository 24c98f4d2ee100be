#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kernels/cpu/backend.h"

namespace odin::cpu {
namespace {

// The sum of the exponentials of the shifted logits, in double: at T = 1000 a softmax differs from
// 1 / K only in its fifth digit.
struct Normaliser {
  double largest = 0;
  double sum = 0;
};

Normaliser normaliser(const Elements<const float>& logit, std::int64_t n, std::int64_t classes,
                      double temperature) {
  Normaliser result{logit(n, 0), 0};
  for (std::int64_t k = 1; k < classes; ++k) {
    result.largest = std::max(result.largest, static_cast<double>(logit(n, k)));
  }
  for (std::int64_t k = 0; k < classes; ++k) {
    result.sum += std::exp((logit(n, k) - result.largest) / temperature);
  }
  return result;
}

}  // namespace

void CpuBackend::do_cross_entropy_forward(ConstTensorView logits, ConstTensorView labels,
                                          double temperature, TensorView loss) {
  const auto logit = logits.elements<float>();
  const auto label = labels.elements<std::int32_t>();
  const auto out = loss.elements<float>();
  for (std::int64_t n = 0; n < logits.shape()[0]; ++n) {
    const Normaliser z = normaliser(logit, n, logits.shape()[1], temperature);
    out(n) = static_cast<float>(std::log(z.sum) - (logit(n, label(n)) - z.largest) / temperature);
  }
}

void CpuBackend::do_cross_entropy_backward(ConstTensorView logits, ConstTensorView labels,
                                           double temperature, double scale, TensorView dlogits) {
  const auto logit = logits.elements<float>();
  const auto label = labels.elements<std::int32_t>();
  const auto din = dlogits.elements<float>();
  for (std::int64_t n = 0; n < logits.shape()[0]; ++n) {
    const Normaliser z = normaliser(logit, n, logits.shape()[1], temperature);
    for (std::int64_t k = 0; k < logits.shape()[1]; ++k) {
      const double softmax = std::exp((logit(n, k) - z.largest) / temperature) / z.sum;
      din(n, k) += static_cast<float>(scale * (softmax - (k == label(n) ? 1 : 0)) / temperature);
    }
  }
}

void CpuBackend::do_argmax(ConstTensorView logits, TensorView labels) {
  const auto logit = logits.elements<float>();
  const auto label = labels.elements<std::int32_t>();
  for (std::int64_t n = 0; n < logits.shape()[0]; ++n) {
    std::int32_t best = 0;
    for (std::int32_t k = 1; k < logits.shape()[1]; ++k) {
      if (logit(n, k) > logit(n, best)) best = k;
    }
    label(n) = best;
  }
}

}  // namespace odin::cpu
