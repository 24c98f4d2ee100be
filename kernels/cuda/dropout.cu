#include "kernels/cuda/backend.h"
#include "kernels/cuda/device/map.cuh"
#include "kernels/cuda/operations.h"
#include "kernels/cuda/runtime/view_of.h"
#include "kernels/philox.h"

namespace odin::cuda {
namespace {

// target = (base +) source kept / (1 - rate)
template <class T>
struct Dropout {
  static constexpr bool kNarrow = sizeof(T) == 2;
  Rows<const T> source;
  Rows<T> target;
  RandomKey key;
  std::int64_t image_pixels;  // H W
  std::int64_t channels;
  std::uint32_t threshold;  // of the rate: philox_threshold()
  float scale;              // 1 / (1 - rate)
  bool accumulate;

  template <int V>
  __device__ void apply(std::int64_t p, std::int64_t c) const {
    const Floats<V> value = load<V>(source.at(p, c));
    Floats<V> result{};
    if (accumulate) result = load<V>(target.at(p, c));
    // The element's index in (N, C, H, W) order.
    const std::int64_t image = p / image_pixels;
    const std::int64_t first = (image * channels + c) * image_pixels + p % image_pixels;
#pragma unroll
    for (int i = 0; i < V; ++i) {
      const auto index = static_cast<std::uint64_t>(first + i * image_pixels);
      const bool kept = philox_bits(key.seed, key.stream, index) >> 8 >= threshold;
      if (kept) result.v[i] += value.v[i] * scale;
    }
    store<V>(target.at(p, c), result);
  }
};

void dropout(double rate, RandomKey key, const ConstView& source, const View& target,
             bool accumulate, Stream stream) {
  expect(rate >= 0 && rate < 1, "a dropout rate lies in [0, 1)");
  expect(same_shape(source, target) && source.element == target.element,
         "the operands of a dropout differ");
  const auto scale = static_cast<float>(1 / (1 - rate));
  with_type(source.element, [&](auto t) {
    using T = decltype(t);
    map(Dropout<T>{rows<T>(source), rows<T>(target), key,
                   std::int64_t{source.height} * source.width, source.channels,
                   philox_threshold(rate), scale, accumulate},
        source.pixels(), source.channels, {source, target}, stream);
  });
}

__global__ void noise_kernel(RandomKey key, std::uint64_t first, float* y, std::int64_t count) {
  const std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const std::uint64_t index = first + static_cast<std::uint64_t>(i);
  y[i] = static_cast<float>(philox_normal(key.seed, key.stream, index));
}

}  // namespace

void dropout_forward(double rate, RandomKey key, ConstView x, View y, Stream stream) {
  dropout(rate, key, x, y, false, stream);
}

void dropout_backward(double rate, RandomKey key, ConstView dy, View dx, Stream stream) {
  dropout(rate, key, dy, dx, true, stream);
}

void normal_noise(RandomKey key, std::uint64_t first, float* y, std::int64_t count, Stream stream) {
  constexpr unsigned kThreads = 256;
  launch(noise_kernel,
         {dim3(static_cast<unsigned>(blocks_for(count, kThreads))), dim3(kThreads), 0, stream}, key,
         first, y, count);
}

void CudaBackend::do_dropout_forward(double rate, RandomKey key, ConstTensorView x, TensorView y) {
  cuda::dropout_forward(rate, key, view_of(x), view_of(y), stream_);
}

void CudaBackend::do_dropout_backward(double rate, RandomKey key, ConstTensorView dy,
                                      TensorView dx) {
  cuda::dropout_backward(rate, key, view_of(dy), view_of(dx), stream_);
}

}  // namespace odin::cuda
