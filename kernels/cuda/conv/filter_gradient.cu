#include "kernels/cuda/conv/convolution.h"
#include "kernels/cuda/device/element.cuh"
#include "kernels/cuda/device/shared.cuh"

namespace odin::cuda {
namespace {

// A thread per element of packed[tap][row][depth]: w[row][depth][tap], or w[depth][row][tap] for
// the backward pass, and zeros beyond the depth.
template <class T>
__global__ void pack_kernel(const float* w, int row_count, int depth, int taps, bool backward,
                            T* packed, std::int64_t count) {
  const std::int64_t index = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (index >= count) return;
  const int padded = packed_depth(depth);
  const int k = static_cast<int>(index % padded);
  const std::int64_t row = index / padded % row_count;
  const std::int64_t tap = index / padded / row_count;
  const std::int64_t place = backward ? k * std::int64_t{row_count} + row : row * depth + k;
  packed[index] = to<T>(k < depth ? w[place * taps + tap] : 0);
}

void pack(const float* w, int row_count, int depth, int kernel, bool backward, Element element,
          void* packed, Stream stream) {
  constexpr unsigned kThreads = 256;
  const std::int64_t count = packed_weights(kernel, row_count, depth);
  with_type(element, [&](auto t) {
    using T = decltype(t);
    launch(pack_kernel<T>,
           {dim3(static_cast<unsigned>(blocks_for(count, kThreads))), dim3(kThreads), 0, stream}, w,
           row_count, depth, kernel * kernel, backward, static_cast<T*>(packed), count);
  });
}

constexpr int kFilterThreads = 128;
constexpr int kFilterTaps = 9;  // whose sums are taken in one walk over the pixels

struct FilterSums {
  float part[kFilterTaps][kFilterThreads];
};

// A block per (output, input) channel: its threads share the pixels, then one of them adds up each
// tap's parts.
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
    __syncthreads();  // the parts are written again
  }
}

}  // namespace

void pack_forward_weights(const float* w, int outputs, int inputs, int kernel, Element element,
                          void* packed, Stream stream) {
  pack(w, outputs, inputs, kernel, false, element, packed, stream);
}

void pack_backward_weights(const float* w, int outputs, int inputs, int kernel, Element element,
                           void* packed, Stream stream) {
  pack(w, inputs, outputs, kernel, true, element, packed, stream);
}

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
