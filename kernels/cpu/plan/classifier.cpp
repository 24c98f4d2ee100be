#include "kernels/cpu/plan/classifier.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "kernels/as_size.h"

namespace odin::cpu {
namespace {

// d = the gradient of the objective in one image's logits, scaled.
void objective_gradient(const float* logits, OdinObjective objective, double temperature,
                        std::span<double> d) {
  const std::size_t label = as_size(std::max_element(logits, logits + d.size()) - logits);
  if (objective == OdinObjective::kMaxLogit) {
    std::ranges::fill(d, 0);
    d[label] = -1;
    return;
  }
  double others = 0;
  for (std::size_t k = 0; k < d.size(); ++k) {
    d[k] = std::exp((double{logits[k]} - double{logits[label]}) / temperature);
    if (k != label) others += d[k];
  }
  if (objective == OdinObjective::kEnergy) {  // -softmax, whose largest element is the label's
    for (double& value : d) value = -value;
    return;
  }
  // softmax - 1 is minus the sum of the others; that is also the largest element.
  for (std::size_t k = 0; k < d.size(); ++k) {
    d[k] = k == label ? (others > 0 ? -1 : 0) : (others > 0 ? d[k] / others : 0);
  }
}

}  // namespace

void linear(const Classifier& classifier, const float* bias, const Planes& in, std::size_t images,
            float* logits) {
  const std::size_t channels = as_size(classifier.channels);
  const std::size_t pixels = as_size(classifier.pixels);
  for (std::size_t i = 0; i < images; ++i) {
    const float* weights = classifier.weights;
    for (std::size_t k = 0; k < classifier.classes; ++k) {
      double sum = 0;
      for (std::size_t c = 0; c < channels; ++c, weights += pixels) {
        const float* x = in.data + i * as_size(in.image) + c * as_size(in.plane);
        for (std::size_t p = 0; p < pixels; ++p) sum += double{weights[p]} * x[p];
      }
      logits[i * classifier.classes + k] = static_cast<float>(sum + double{bias[k]});
    }
  }
}

void copy_features(const Classifier& classifier, const Planes& in, std::size_t images,
                   float* features) {
  for (std::size_t i = 0; i < images; ++i) {
    for (std::size_t c = 0; c < as_size(classifier.channels); ++c) {
      const float* x = in.data + i * as_size(in.image) + c * as_size(in.plane);
      features = std::copy_n(x, classifier.pixels, features);
    }
  }
}

void linear_backward(const Classifier& classifier, const float* logits, OdinObjective objective,
                     double temperature, bool accumulate, std::span<double> logit_gradients,
                     std::size_t images, const Planes& gradient) {
  const std::size_t channels = as_size(classifier.channels);
  const std::size_t pixels = as_size(classifier.pixels);
  for (std::size_t i = 0; i < images; ++i, logits += classifier.classes) {
    objective_gradient(logits, objective, temperature, logit_gradients);
    for (std::size_t c = 0; c < channels; ++c) {
      float* dx = gradient.data + i * as_size(gradient.image) + c * as_size(gradient.plane);
      for (std::size_t p = 0; p < pixels; ++p) {
        double sum = accumulate ? double{dx[p]} : 0.0;
        const float* weights = classifier.weights + c * pixels + p;
        for (std::size_t k = 0; k < classifier.classes; ++k, weights += channels * pixels) {
          sum += double{*weights} * logit_gradients[k];
        }
        dx[p] = static_cast<float>(sum);
      }
    }
  }
}

}  // namespace odin::cpu
