#include "kernels/cuda/conv/convolution.h"
#include "kernels/cuda/device/element.cuh"
#include "kernels/cuda/device/shared.cuh"

namespace odin::cuda {
namespace {

constexpr int kFilterThreads = 128;
constexpr int kFilterTaps = 9;  // that one walk over the pixels sums

struct FilterSums {
  float part[kFilterTaps][kFilterThreads];
};

// A block per (output, input) channel. Its threads share the pixels; then one thread per tap adds
// up the parts of that tap.
template <class X, class Y>
__global__ void conv_backward_filter_kernel(int kernel, ConvolutionGeometry geometry,
                                            ConstView x_view, ConstView dy_view, Rows<const X> x,
                                            Rows<const Y> dy, float* dw) {
  auto& shared = block_shared<FilterSums>();
  const auto c = static_cast<int>(blockIdx.x);
  const auto o = static_cast<int>(blockIdx.y);
  const auto thread = static_cast<int>(threadIdx.x);
  const auto [stride, padding] = geometry;
  const int taps = kernel * kernel;
  const std::int64_t pixels = dy_view.pixels();
  for (int first = 0; first < taps; first += kFilterTaps) {
    float sums[kFilterTaps] = {};
    for (std::int64_t pixel = thread; pixel < pixels; pixel += kFilterThreads) {
      const int column = static_cast<int>(pixel % dy_view.width);
      const int row = static_cast<int>(pixel / dy_view.width % dy_view.height);
      const std::int64_t image = pixel / (std::int64_t{dy_view.width} * dy_view.height);
      const float gradient = to_float(*dy.at(pixel, o));
#pragma unroll
      for (int t = 0; t < kFilterTaps; ++t) {
        const int i = row * stride + (first + t) / kernel - padding;
        const int j = column * stride + (first + t) % kernel - padding;
        if (first + t >= taps || i < 0 || i >= x_view.height || j < 0 || j >= x_view.width)
          continue;
        const X* value = x.at((image * x_view.height + i) * x_view.width + j, c);
        sums[t] = fmaf(gradient, to_float(*value), sums[t]);
      }
    }
    for (int t = 0; t < kFilterTaps; ++t) shared.part[t][thread] = sums[t];
    __syncthreads();
    const int tap = first + thread;
    if (thread < kFilterTaps && tap < taps) {
      float sum = 0;
      for (const float part : shared.part[thread]) sum += part;
      dw[(std::int64_t{o} * x_view.channels + c) * taps + tap] += sum;
    }
    __syncthreads();  // before the parts are written again
  }
}

}  // namespace

void convolution_backward_filter(int kernel, const ConvolutionGeometry& geometry, ConstView x,
                                 ConstView dy, float* dw, Stream stream) {
  expect(x.images == dy.images && (x.element == dy.element || x.element == Element::kFloat),
         "the gradient of a filter needs activations of the same images, x as dy or float");
  if (x.empty() || dy.empty()) return;
  const dim3 grid(static_cast<unsigned>(x.channels), static_cast<unsigned>(dy.channels));
  with_type(dy.element, [&](auto type) {
    using Y = decltype(type);
    const auto run = [&](auto x_type) {
      using X = decltype(x_type);
      launch(conv_backward_filter_kernel<X, Y>, {grid, dim3(kFilterThreads), 0, stream}, kernel,
             geometry, x, dy, rows<X>(x), rows<Y>(dy), dw);
    };
    if (x.element == Element::kFloat) {
      run(float{});
    } else {
      run(Y{});
    }
  });
}

}  // namespace odin::cuda
