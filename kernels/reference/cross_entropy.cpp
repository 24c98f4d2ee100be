#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kernels/reference/backend.h"

namespace odin::reference {
namespace {

// log(sum over k of exp(logits[n,k] / temperature)). The largest logit is factored out, so that
// nothing overflows.
double log_sum_exp(const ConstTensorView& logits, std::int64_t n, double temperature) {
  const auto logit = logits.elements<double>();
  double largest = logit(n, 0);
  for (std::int64_t k = 1; k < logits.shape()[1]; ++k) largest = std::max(largest, logit(n, k));
  double sum = 0;
  for (std::int64_t k = 0; k < logits.shape()[1]; ++k) {
    sum += std::exp((logit(n, k) - largest) / temperature);
  }
  return largest / temperature + std::log(sum);
}

}  // namespace

void ReferenceBackend::do_cross_entropy_forward(ConstTensorView logits, ConstTensorView labels,
                                                double temperature, TensorView loss) {
  const auto logit = logits.elements<double>();
  const auto label = labels.elements<std::int32_t>();
  for (std::int64_t n = 0; n < logits.shape()[0]; ++n) {
    loss.elements<double>()(n) =
        log_sum_exp(logits, n, temperature) - logit(n, label(n)) / temperature;
  }
}

void ReferenceBackend::do_cross_entropy_backward(ConstTensorView logits, ConstTensorView labels,
                                                 double temperature, double scale,
                                                 TensorView dlogits) {
  const auto logit = logits.elements<double>();
  const auto label = labels.elements<std::int32_t>();
  const auto gradient = dlogits.elements<double>();
  for (std::int64_t n = 0; n < logits.shape()[0]; ++n) {
    const double normaliser = log_sum_exp(logits, n, temperature);
    // softmax - 1 of the label is minus the sum of the other classes' softmax. As a difference, the
    // gradient of a confident network would be lost in the rounding of 1.
    double others = 0;
    for (std::int64_t k = 0; k < logits.shape()[1]; ++k) {
      if (k == label(n)) continue;
      const double softmax = std::exp(logit(n, k) / temperature - normaliser);
      others += softmax;
      gradient(n, k) += scale * softmax / temperature;
    }
    gradient(n, label(n)) -= scale * others / temperature;
  }
}

void ReferenceBackend::do_argmax(ConstTensorView logits, TensorView labels) {
  const auto logit = logits.elements<double>();
  for (std::int64_t n = 0; n < logits.shape()[0]; ++n) {
    std::int64_t best = 0;
    for (std::int64_t k = 1; k < logits.shape()[1]; ++k) {
      if (logit(n, k) > logit(n, best)) best = k;
    }
    labels.elements<std::int32_t>()(n) = static_cast<std::int32_t>(best);
  }
}

}  // namespace odin::reference
