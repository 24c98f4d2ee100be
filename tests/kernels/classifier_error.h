// How far logits are from those that the classifier of a plan makes of features.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

#include "kernels/plan.h"

namespace odin::test {

// A device adds the few hundred products of a logit in float, in an order of its own; 6e-8 for each
// of the longest chain of additions. Features are compared as the classifier read them, so 16-bit
// activations add nothing to it.
constexpr double kClassifierTolerance = 2e-6;

// The largest |logit - (weights features + bias)|, relative to the sum of the terms' magnitudes, in
// double, of features (n, features) and logits (n, classes). Infinite if their numbers do not fit
// and for what is not a number.
inline double classifier_error(const Plan& plan, std::span<const float> features,
                               std::span<const float> logits) {
  const auto& classifier = std::get<PlanLinear>(plan.steps.back());
  const auto inputs = static_cast<std::size_t>(plan.features());
  const auto classes = static_cast<std::size_t>(plan.classes);
  const double infinity = std::numeric_limits<double>::infinity();
  if (features.size() / inputs != logits.size() / classes) return infinity;
  double worst = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    double sum = classifier.bias[i % classes];
    double magnitude = std::abs(sum);
    for (std::size_t d = 0; d < inputs; ++d) {
      const double term = double{classifier.weights[i % classes * inputs + d]} *
                          double{features[i / classes * inputs + d]};
      sum += term;
      magnitude += std::abs(term);
    }
    const double error = std::abs(double{logits[i]} - sum) / magnitude;
    worst = std::isnan(error) ? infinity : std::max(worst, error);
  }
  return worst;
}

}  // namespace odin::test
