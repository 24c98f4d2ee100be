// Fill, copy and sum, on views whose axes after the first have no gaps; the search for what is not
// finite, in dense ones.
#pragma once

#include "kernels/tensor_view.h"
#include "kernels/thread_pool.h"

namespace odin::cpu {

void fill(ThreadPool& pool, const TensorView& y, double value);
void copy(ThreadPool& pool, const ConstTensorView& x, const TensorView& y);
void add(ThreadPool& pool, const ConstTensorView& a, const ConstTensorView& b, const TensorView& y);
void find_not_finite(const ConstTensorView& x, const TensorView& found);

// to += from, n elements, on the calling thread.
void accumulate(const float* from, float* to, std::int64_t n);

}  // namespace odin::cpu
