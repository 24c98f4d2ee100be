#include <algorithm>

#include "kernels/cpu/backend.h"
#include "kernels/cpu/multiply.h"
#include "kernels/cpu/spans.h"

namespace odin::cpu {
namespace {

// Rows of a matrix that a thread takes at once, for any number of threads.
constexpr std::int64_t kRowsAtOnce = 32;

// The leading dimension of a view's rows; the stride of a single row may be anything.
std::int64_t leading(const ConstTensorView& view) {
  return std::max(view.strides()[0], view.shape()[1]);
}

}  // namespace

void CpuBackend::do_linear_forward(ConstTensorView x, ConstTensorView w, ConstTensorView b,
                                   TensorView y) {
  const std::int64_t inputs = w.shape()[1];
  const std::int64_t outputs = w.shape()[0];
  rows_of("y", y);
  const float* const in = x.data<float>();
  const float* const bias = b.data<float>();
  float* const out = y.data<float>();
  pool_.run_blocks(x.shape()[0], kRowsAtOnce, [&](std::int64_t first, std::int64_t end, int) {
    const std::int64_t rows = end - first;
    float* const to = out + first * leading(y);
    for (std::int64_t n = 0; n < rows; ++n) std::copy_n(bias, outputs, to + n * leading(y));
    multiply(rows, outputs, inputs, {in + first * leading(x), leading(x)},
             {w.data<float>(), inputs, true}, 1, to, leading(y));
  });
}

void CpuBackend::do_linear_backward(ConstTensorView x, ConstTensorView w, ConstTensorView dy,
                                    TensorView dx, TensorView dw, TensorView db) {
  const std::int64_t images = x.shape()[0];
  const std::int64_t inputs = w.shape()[1];
  const std::int64_t outputs = w.shape()[0];
  rows_of("dy", dy);
  const float* const dout = dy.data<float>();
  if (wanted(dx)) {
    pool_.run_blocks(images, kRowsAtOnce, [&](std::int64_t first, std::int64_t end, int) {
      multiply(end - first, inputs, outputs, {dout + first * leading(dy), leading(dy)},
               {w.data<float>(), inputs}, 1, dx.data<float>() + first * leading(dx), leading(dx));
    });
  }
  if (wanted(dw) && images > 0) {
    pool_.run_blocks(outputs, kRowsAtOnce, [&](std::int64_t first, std::int64_t end, int) {
      multiply(end - first, inputs, images, {dout + first, leading(dy), true},
               {x.data<float>(), leading(x)}, 1, dw.data<float>() + first * inputs, inputs);
    });
  }
  if (wanted(db)) {
    for (std::int64_t k = 0; k < outputs; ++k) {
      double sum = 0;
      for (std::int64_t n = 0; n < images; ++n)
        sum += static_cast<double>(dout[n * leading(dy) + k]);
      db.data<float>()[k] += static_cast<float>(sum);
    }
  }
}

}  // namespace odin::cpu
