#include "kernels/cuda/backend.h"
#include "kernels/cuda/device/map.cuh"
#include "kernels/cuda/device/reduce.cuh"
#include "kernels/cuda/operations.h"
#include "kernels/cuda/runtime/view_of.h"

namespace odin::cuda {
namespace {

constexpr int kWarps = 8;

// One warp per row of x; its lanes share each dot product. The row stays in the nearest cache while
// the weights stream past.
template <class T>
__global__ void linear_forward_kernel(Rows<const T> x, const float* w, const float* b,
                                      Rows<float> y, int rows_of_x, int inputs, int outputs) {
  const int n = static_cast<int>(blockIdx.x * kWarps + threadIdx.x / 32);
  if (n >= rows_of_x) return;
  const int lane = static_cast<int>(threadIdx.x % 32);
  const T* row = x.at(n, 0);
  for (int k = 0; k < outputs; ++k) {
    const float* weights = w + std::int64_t{k} * inputs;
    float sum = 0;
    for (int d = lane; d < inputs; d += 32) sum = fmaf(weights[d], to_float(row[d]), sum);
    sum = warp_sum(sum);
    if (lane == 0) *y.at(n, k) = b != nullptr ? sum + b[k] : sum;
  }
}

template <class T>
struct LinearBackwardData {
  static constexpr bool kNarrow = sizeof(T) == 2;
  Rows<const float> dy;
  const float* w;
  Rows<T> dx;
  int inputs;
  int outputs;

  template <int V>
  __device__ void apply(std::int64_t n, std::int64_t d) const {
    Floats<V> sum{};
    for (int k = 0; k < outputs; ++k) {
      const float gradient = *dy.at(n, k);
      const float* weights = w + std::int64_t{k} * inputs + d;
#pragma unroll
      for (int i = 0; i < V; ++i) sum.v[i] = fmaf(weights[i], gradient, sum.v[i]);
    }
    Floats<V> result = load<V>(dx.at(n, d));
#pragma unroll
    for (int i = 0; i < V; ++i) result.v[i] += sum.v[i];
    store<V>(dx.at(n, d), result);
  }
};

// One thread per weight, of all outputs; the column after the last input is the bias.
__global__ void linear_backward_weights_kernel(Rows<const float> x, Rows<const float> dy, float* dw,
                                               float* db, int rows_of_x, int inputs, int outputs) {
  const std::int64_t index = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const std::int64_t k = index / (inputs + 1);
  const auto d = static_cast<int>(index % (inputs + 1));
  if (k >= outputs || (d < inputs ? dw : db) == nullptr) return;
  float sum = 0;
  for (int n = 0; n < rows_of_x; ++n) {
    sum = fmaf(*dy.at(n, k), d < inputs ? *x.at(n, d) : 1, sum);
  }
  if (d < inputs) {
    dw[k * inputs + d] += sum;
  } else {
    db[k] += sum;
  }
}

void expect_matrix(const ConstView& view) {
  expect(view.height == 1 && view.width == 1, "a linear layer's operands are matrices");
}

}  // namespace

void linear_forward(ConstView x, const float* w, const float* b, View y, Stream stream) {
  expect_matrix(x);
  expect_matrix(y);
  expect(x.images == y.images && y.element == Element::kFloat,
         "the operands of a linear layer differ");
  if (y.empty()) return;
  with_type(x.element, [&](auto t) {
    using T = decltype(t);
    launch(
        linear_forward_kernel<T>,
        {dim3(static_cast<unsigned>(blocks_for(x.images, kWarps))), dim3(32 * kWarps), 0, stream},
        rows<T>(x), w, b, rows<float>(y), x.images, x.channels, y.channels);
  });
}

void linear_backward_data(ConstView dy, const float* w, View dx, Stream stream) {
  expect_matrix(dy);
  expect_matrix(dx);
  expect(dy.images == dx.images && dy.element == Element::kFloat,
         "the operands of a linear layer differ");
  with_type(dx.element, [&](auto t) {
    using T = decltype(t);
    map(LinearBackwardData<T>{rows<float>(dy), w, rows<T>(dx), dx.channels, dy.channels}, dx.images,
        dx.channels, {dx}, stream);
  });
}

void linear_backward_weights(ConstView x, ConstView dy, float* dw, float* db, Stream stream) {
  expect_matrix(x);
  expect_matrix(dy);
  expect(x.images == dy.images && x.element == Element::kFloat && dy.element == Element::kFloat,
         "the operands of a linear layer differ");
  if (dy.empty()) return;
  constexpr unsigned kThreads = 128;
  const std::int64_t count = (std::int64_t{x.channels} + 1) * dy.channels;
  launch(linear_backward_weights_kernel,
         {dim3(static_cast<unsigned>(blocks_for(count, kThreads))), dim3(kThreads), 0, stream},
         rows<float>(x), rows<float>(dy), dw, db, x.images, x.channels, dy.channels);
}

void CudaBackend::do_linear_forward(ConstTensorView x, ConstTensorView w, ConstTensorView b,
                                    TensorView y) {
  cuda::linear_forward(view_of(x), w.data<float>(), b.data<float>(), view_of(y), stream_);
}

void CudaBackend::do_linear_backward(ConstTensorView x, ConstTensorView w, ConstTensorView dy,
                                     TensorView dx, TensorView dw, TensorView db) {
  if (wanted(dx)) linear_backward_data(view_of(dy), w.data<float>(), view_of(dx), stream_);
  if (wanted(dw) || wanted(db)) {
    linear_backward_weights(view_of(x), view_of(dy), dw.data<float>(), db.data<float>(), stream_);
  }
}

}  // namespace odin::cuda
