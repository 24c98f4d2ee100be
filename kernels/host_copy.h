// Copies between row-major float64 and a view of any type and strides, both in host memory.
#pragma once

#include <cstddef>

#include "kernels/tensor_view.h"

namespace odin {

// The bytes from the first to the last element of a view, gaps included.
std::size_t spanned_bytes(const ConstTensorView& view);

// to = values, in row-major order. Throws Error for a value that an integer type cannot hold, and
// for a type of 16 bits.
void write_elements(const double* values, const TensorView& to);
// values = from, in row-major order. Throws Error for a type of 16 bits.
void read_elements(const ConstTensorView& from, double* values);

}  // namespace odin
