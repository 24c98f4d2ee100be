// Fill, copy, sum, and the search for what is not finite, on views of any rank.
#pragma once

#include "kernels/tensor_view.h"

namespace odin::reference {

void fill(const TensorView& y, double value);
void copy(const ConstTensorView& x, const TensorView& y);
void add(const ConstTensorView& a, const ConstTensorView& b, const TensorView& y);
void find_not_finite(const ConstTensorView& x, const TensorView& found);

}  // namespace odin::reference
