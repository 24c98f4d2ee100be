// A back end's tensor as the kernels see it.
#pragma once

#include "kernels/cuda/runtime/view.h"
#include "kernels/error.h"
#include "kernels/tensor_view.h"

namespace odin::cuda {

// Rank 4 as it is, (N, D) and (C) as one pixel per image; an empty tensor as an empty view. Throws
// Error unless the elements are stored as NHWC.
View view_of(const TensorView& tensor);
ConstView view_of(const ConstTensorView& tensor);

// The elements of a vector. Throws Error unless they are dense.
template <class T, class AnyTensorView>
T* dense_data(const AnyTensorView& vector) {
  require(vector.is_contiguous(), "labels and losses in device memory must be dense");
  return vector.template data<T>();
}

}  // namespace odin::cuda
