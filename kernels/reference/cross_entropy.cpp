#include "kernels/reference/cross_entropy.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace odin::reference {
namespace {

// log(sum over k of exp(logits[n,k] / temperature)); the largest logit is taken out of the sum, so
// that nothing overflows.
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

void cross_entropy_forward(const ConstTensorView& logits, const ConstTensorView& labels,
                           double temperature, const TensorView& loss) {
  const auto logit = logits.elements<double>();
  const auto label = labels.elements<std::int32_t>();
  for (std::int64_t n = 0; n < logits.shape()[0]; ++n) {
    loss.elements<double>()(n) =
        log_sum_exp(logits, n, temperature) - logit(n, label(n)) / temperature;
  }
}

void cross_entropy_backward(const ConstTensorView& logits, const ConstTensorView& labels,
                            double temperature, double scale, const TensorView& dlogits) {
  const auto logit = logits.elements<double>();
  const auto label = labels.elements<std::int32_t>();
  for (std::int64_t n = 0; n < logits.shape()[0]; ++n) {
    const double normaliser = log_sum_exp(logits, n, temperature);
    for (std::int64_t k = 0; k < logits.shape()[1]; ++k) {
      const double softmax = std::exp(logit(n, k) / temperature - normaliser);
      dlogits.elements<double>()(n, k) += scale * (softmax - (k == label(n) ? 1 : 0)) / temperature;
    }
  }
}

void argmax(const ConstTensorView& logits, const TensorView& labels) {
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
