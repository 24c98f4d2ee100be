// The linear layer at the end of a plan, and the gradient that a backward pass begins with. In
// double: it is little work, and everything else is made of the logits.
#pragma once

#include <cstddef>
#include <span>

#include "kernels/cpu/micro/kernel_table.h"
#include "kernels/odin_objective.h"

namespace odin::cpu {

// The weights, (classes, channels x pixels).
struct Classifier {
  int channels;
  int pixels;
  std::size_t classes;
  const float* weights;
};

// logits (images, classes) = weights in + bias
void linear(const Classifier& classifier, const float* bias, const Planes& in, std::size_t images,
            float* logits);

// features (images, channels x pixels), row-major: the classifier's input, without what lies
// between its planes.
void copy_features(const Classifier& classifier, const Planes& in, std::size_t images,
                   float* features);

// The gradient of ODIN's objective in the classifier's input, set or (`accumulate`) added. Each
// image's is scaled so that the largest gradient of a logit is 1: the cross entropy of a confident
// network would have one so small that it is lost further down. `logit_gradients` is memory for
// `classes` values.
void linear_backward(const Classifier& classifier, const float* logits, OdinObjective objective,
                     double temperature, bool accumulate, std::span<double> logit_gradients,
                     std::size_t images, const Planes& gradient);

}  // namespace odin::cpu
