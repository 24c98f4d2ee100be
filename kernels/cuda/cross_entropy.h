// What is done with logits (N, K): always float, K innermost, at most a few thousand classes.
#pragma once

#include "kernels/cuda/runtime/view.h"

namespace odin::cuda {

// loss[n] = -log softmax(logits[n] / temperature)[labels[n]]; labels (N) in [0, K), unchecked.
void cross_entropy_forward(ConstView logits, const std::int32_t* labels, double temperature,
                           float* loss, Stream stream);
// dlogits[n,k] += scale (softmax(logits[n] / temperature)[k] - [k = labels[n]]) / temperature
void cross_entropy_backward(ConstView logits, const std::int32_t* labels, double temperature,
                            double scale, View dlogits, Stream stream);
// labels[n] = the first k with the largest logits[n,k]
void argmax(ConstView logits, std::int32_t* labels, Stream stream);
// The gradient of ODIN's loss in one launch: dlogits = (not +=) that of the cross entropy of
// logits / temperature with the predicted label, every row multiplied so that its largest magnitude
// is `scale`. (Only its sign is used, and half precision would lose the gradient of an image of which
// the network is sure.) A row whose other classes all underflow, even in double, is zero.
void predicted_cross_entropy_gradient(ConstView logits, double temperature, double scale,
                                      View dlogits, Stream stream);
// scores[n] = max over k of softmax(logits[n] / temperature)[k], in double: at a temperature of
// 1000 the scores of ten classes all lie just above 0.1 (Liang et al. 2018, equation 1).
void max_softmax(ConstView logits, double temperature, double* scores, Stream stream);

}  // namespace odin::cuda
