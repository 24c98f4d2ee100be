#include "kernels/cuda/device/map.cuh"
#include "kernels/cuda/dropout.h"
#include "kernels/philox.h"

namespace odin::cuda {
namespace {

// target = (base +) source kept / (1 - rate)
template <class T>
struct Dropout {
  static constexpr bool kNarrow = sizeof(T) == 2;
  Rows<const T> source;
  Rows<T> target;
  std::uint64_t seed;
  std::uint64_t key_stream;
  std::int64_t image_pixels;  // H W
  std::int64_t channels;
  float rate;
  float scale;  // 1 / (1 - rate)
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
      if (philox_uniform(seed, key_stream, index) >= rate) result.v[i] += value.v[i] * scale;
    }
    store<V>(target.at(p, c), result);
  }
};

void dropout(double rate, std::uint64_t seed, std::uint64_t key_stream, const ConstView& source,
             const View& target, bool accumulate, Stream stream) {
  expect(rate >= 0 && rate < 1, "a dropout rate lies in [0, 1)");
  expect(same_shape(source, target) && source.element == target.element,
         "the operands of a dropout differ");
  const auto scale = static_cast<float>(1 / (1 - rate));
  with_type(source.element, [&](auto t) {
    using T = decltype(t);
    map(Dropout<T>{rows<T>(source), rows<T>(target), seed, key_stream,
                   std::int64_t{source.height} * source.width, source.channels,
                   static_cast<float>(rate), scale, accumulate},
        source.pixels(), source.channels, {source, target}, stream);
  });
}

template <bool kNormal>
__global__ void noise_kernel(std::uint64_t seed, std::uint64_t key_stream, std::uint64_t first,
                             float* y, std::int64_t count) {
  const std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const std::uint64_t index = first + static_cast<std::uint64_t>(i);
  if constexpr (kNormal) {
    y[i] = static_cast<float>(philox_normal(seed, key_stream, index));
  } else {
    y[i] = philox_uniform(seed, key_stream, index);
  }
}

Geometry noise_geometry(std::int64_t count, Stream stream) {
  constexpr unsigned kThreads = 256;
  return {dim3(static_cast<unsigned>(blocks_for(count, kThreads))), dim3(kThreads), 0, stream};
}

}  // namespace

void dropout_forward(double rate, std::uint64_t seed, std::uint64_t key_stream, ConstView x, View y,
                     Stream stream) {
  dropout(rate, seed, key_stream, x, y, false, stream);
}

void dropout_backward(double rate, std::uint64_t seed, std::uint64_t key_stream, ConstView dy,
                      View dx, Stream stream) {
  dropout(rate, seed, key_stream, dy, dx, true, stream);
}

void uniform_noise(std::uint64_t seed, std::uint64_t key_stream, std::uint64_t first, float* y,
                   std::int64_t count, Stream stream) {
  launch(noise_kernel<false>, noise_geometry(count, stream), seed, key_stream, first, y, count);
}

void normal_noise(std::uint64_t seed, std::uint64_t key_stream, std::uint64_t first, float* y,
                  std::int64_t count, Stream stream) {
  launch(noise_kernel<true>, noise_geometry(count, stream), seed, key_stream, first, y, count);
}

}  // namespace odin::cuda
