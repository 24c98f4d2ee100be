#include "kernels/cuda/convolution.h"
#include "kernels/cuda/element.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/shared.cuh"

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

struct FilterSums {
  float part[32];
};

// A block per (output, input) channel: its threads share the pixels of each tap's sum.
__global__ void conv_backward_filter_kernel(int kernel, int stride, int padding, ConstView x_view,
                                            ConstView dy_view, Rows<const float> x,
                                            Rows<const float> dy, float* dw) {
  auto& shared = block_shared<FilterSums>();
  const auto c = static_cast<int>(blockIdx.x);
  const auto o = static_cast<int>(blockIdx.y);
  const std::int64_t pixels = dy_view.pixels();
  for (int tap = 0; tap < kernel * kernel; ++tap) {
    float sum = 0;
    for (std::int64_t pixel = threadIdx.x; pixel < pixels; pixel += blockDim.x) {
      const int column = static_cast<int>(pixel % dy_view.width);
      const int row = static_cast<int>(pixel / dy_view.width % dy_view.height);
      const std::int64_t image = pixel / (std::int64_t{dy_view.width} * dy_view.height);
      const int i = row * stride + tap / kernel - padding;
      const int j = column * stride + tap % kernel - padding;
      if (i < 0 || i >= x_view.height || j < 0 || j >= x_view.width) continue;
      sum = fmaf(*dy.at(pixel, o), *x.at((image * x_view.height + i) * x_view.width + j, c), sum);
    }
    sum = warp_sum(sum);
    if (threadIdx.x % 32 == 0) shared.part[threadIdx.x / 32] = sum;
    __syncthreads();
    if (threadIdx.x == 0) {
      for (unsigned warp = 1; warp < blockDim.x / 32; ++warp) sum += shared.part[warp];
      dw[(std::int64_t{o} * x_view.channels + c) * kernel * kernel + tap] += sum;
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

void convolution_backward_filter(int kernel, int stride, int padding, ConstView x, ConstView dy,
                                 float* dw, Stream stream) {
  expect(x.element == Element::kFloat && dy.element == Element::kFloat && x.images == dy.images,
         "the gradient of a filter needs float activations of the same images");
  if (x.empty() || dy.empty()) return;
  constexpr unsigned kThreads = 128;
  const dim3 grid(static_cast<unsigned>(x.channels), static_cast<unsigned>(dy.channels));
  launch(conv_backward_filter_kernel, {grid, dim3(kThreads), 0, stream}, kernel, stride, padding, x,
         dy, rows<float>(x), rows<float>(dy), dw);
}

}  // namespace odin::cuda
