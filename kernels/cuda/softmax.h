// What is done with logits (N, K): always float, K innermost, at most a few thousand classes.
#pragma once

#include "kernels/cuda/view.h"

namespace odin::cuda {

// loss[n] = -log softmax(logits[n] / temperature)[labels[n]]; labels (N) in [0, K), unchecked.
void cross_entropy_forward(ConstView logits, const std::int32_t* labels, double temperature,
                           float* loss, Stream stream);
// dlogits[n,k] += scale (softmax(logits[n] / temperature)[k] - [k = labels[n]]) / temperature
void cross_entropy_backward(ConstView logits, const std::int32_t* labels, double temperature,
                            double scale, View dlogits, Stream stream);
// labels[n] = the first k with the largest logits[n,k]
void argmax(ConstView logits, std::int32_t* labels, Stream stream);
// ODIN's loss in one launch: dlogits = (not +=) cross_entropy_backward with the predicted label,
// the argmax of logits.
void predicted_cross_entropy_gradient(ConstView logits, double temperature, double scale,
                                      View dlogits, Stream stream);
// scores[n] = max over k of softmax(logits[n] / temperature)[k], in double: at a temperature of
// 1000 the scores of ten classes all lie just above 0.1 (Liang et al. 2018, equation 1).
void max_softmax(ConstView logits, double temperature, double* scores, Stream stream);

}  // namespace odin::cuda
