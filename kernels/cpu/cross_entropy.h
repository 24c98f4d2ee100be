// Softmax with cross entropy at a temperature, and the predicted label.
#pragma once

#include "kernels/tensor_view.h"

namespace odin::cpu {

void cross_entropy_forward(const ConstTensorView& logits, const ConstTensorView& labels,
                           double temperature, const TensorView& loss);
void cross_entropy_backward(const ConstTensorView& logits, const ConstTensorView& labels,
                            double temperature, double scale, const TensorView& dlogits);
void argmax(const ConstTensorView& logits, const TensorView& labels);

}  // namespace odin::cpu
