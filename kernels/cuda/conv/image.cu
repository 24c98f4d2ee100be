#include "kernels/cuda/conv/epilogue.cuh"
#include "kernels/cuda/conv/versions.h"
#include "kernels/cuda/device/shared.cuh"

// The network's first convolution. It reads three channels of float, so few that a thread keeps a
// pixel's whole window in registers. Tensor cores would need the image rounded (and ODIN's
// perturbation is smaller than half precision's rounding error) and its three channels padded to a
// slab's 32.
namespace odin::cuda {
namespace {

constexpr int kThreads = 128;
constexpr int kMostChannels = 4;
constexpr int kMostTaps = 9;
constexpr int kOutputs = 16;  // of a block in the forward pass

struct ForwardWeights {
  alignas(4 * kOutputs) float w[kMostTaps * kMostChannels]
                               [kOutputs];  // [tap, input channel][output channel]
};

template <class Y>
__global__ void __launch_bounds__(kThreads)
    conv_image_forward_kernel(const __grid_constant__ ForwardConvolution c,
                              const __grid_constant__ Epilogue epilogue) {
  auto& weights = block_shared<ForwardWeights>();
  const int taps = c.kernel * c.kernel;
  const int first_output = static_cast<int>(blockIdx.y) * kOutputs;
  for (int i = static_cast<int>(threadIdx.x); i < kMostTaps * kMostChannels * kOutputs;
       i += kThreads) {
    const int tap = i / kOutputs / kMostChannels;
    const int k = i / kOutputs % kMostChannels;
    const int o = first_output + i % kOutputs;
    const bool exists = tap < taps && k < c.x.channels && o < c.y.channels;
    weights.w[i / kOutputs][i % kOutputs] =
        exists
            ? static_cast<const float*>(
                  c.weights)[(std::int64_t{tap} * c.y.channels + o) * packed_depth(c.x.channels) +
                             k]
            : 0;
  }
  __syncthreads();

  const std::int64_t pixel = std::int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (pixel >= c.y.pixels()) return;
  const auto [stride, padding] = c.geometry;
  const int column = static_cast<int>(pixel % c.y.width) * stride - padding;
  const int row = static_cast<int>(pixel / c.y.width % c.y.height) * stride - padding;
  const std::int64_t image = pixel / (std::int64_t{c.y.width} * c.y.height);
  const auto* x = static_cast<const float*>(c.x.data);
  Floats<kOutputs> sums{};
#pragma unroll
  for (int tap = 0; tap < kMostTaps; ++tap) {
    const int i = row + tap / c.kernel;
    const int j = column + tap % c.kernel;
    if (tap >= taps || i < 0 || i >= c.x.height || j < 0 || j >= c.x.width) continue;
    const float* source = x + ((image * c.x.height + i) * c.x.width + j) * c.x.pitch;
#pragma unroll
    for (int k = 0; k < kMostChannels; ++k) {
      const float value = k < c.x.channels ? source[k] : 0;
      const auto w = load<kOutputs>(weights.w[tap * kMostChannels + k]);
#pragma unroll
      for (int o = 0; o < kOutputs; ++o) sums.v[o] = fmaf(value, w.v[o], sums.v[o]);
    }
  }
#pragma unroll
  for (int o = 0; o < kOutputs; o += 4) {
    if (first_output + o >= c.y.channels) break;
    finish_four<Y>(epilogue, pixel, first_output + o,
                   Floats<4>{{sums.v[o], sums.v[o + 1], sums.v[o + 2], sums.v[o + 3]}});
  }
}

constexpr int kMostOutputs = 64;
constexpr int kDepth = 8;  // of dy's channels, at once

struct BackwardWeights {
  alignas(4 * kDepth) float w[kMostTaps][kMostChannels][kMostOutputs];
};

template <class Y>
__global__ void __launch_bounds__(kThreads)
    conv_image_backward_kernel(const __grid_constant__ BackwardConvolution c,
                               const __grid_constant__ Epilogue epilogue, Rows<const Y> dy,
                               bool aligned) {
  auto& weights = block_shared<BackwardWeights>();
  const int taps = c.kernel * c.kernel;
  const int depth = packed_depth(c.dy.channels);  // zeros beyond the last channel
  for (int i = static_cast<int>(threadIdx.x); i < taps * kMostChannels * depth; i += kThreads) {
    const int tap = i / depth / kMostChannels;
    const int k = i / depth % kMostChannels;
    weights.w[tap][k][i % depth] =
        k < c.dx.channels
            ? static_cast<const float*>(
                  c.weights)[(std::int64_t{tap} * c.dx.channels + k) * depth + i % depth]
            : 0;
  }
  __syncthreads();

  const std::int64_t pixel = std::int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (pixel >= c.dx.pixels()) return;
  const auto [stride, padding] = c.geometry;
  const int column = static_cast<int>(pixel % c.dx.width) + padding;
  const int row = static_cast<int>(pixel / c.dx.width % c.dx.height) + padding;
  const std::int64_t image = pixel / (std::int64_t{c.dx.width} * c.dx.height);
  Floats<kMostChannels> sums{};
  for (int tap = 0; tap < taps; ++tap) {
    const int i = row - tap / c.kernel;
    const int j = column - tap % c.kernel;
    if (i < 0 || j < 0 || i % stride != 0 || j % stride != 0) continue;
    if (i / stride >= c.dy.height || j / stride >= c.dy.width) continue;
    const Y* source = dy.at((image * c.dy.height + i / stride) * c.dy.width + j / stride, 0);
    for (int o = 0; o < c.dy.channels; o += kDepth) {
      Floats<kDepth> gradient{};
      if (aligned && o + kDepth <= c.dy.channels) {
        gradient = load<kDepth>(source + o);
      } else {
#pragma unroll
        for (int d = 0; d < kDepth; ++d) {
          if (o + d < c.dy.channels) gradient.v[d] = to_float(source[o + d]);
        }
      }
#pragma unroll
      for (int k = 0; k < kMostChannels; ++k) {
        const auto w = load<kDepth>(&weights.w[tap][k][o]);
#pragma unroll
        for (int d = 0; d < kDepth; ++d) sums.v[k] = fmaf(gradient.v[d], w.v[d], sums.v[k]);
      }
    }
  }
  finish_four<float>(epilogue, pixel, 0, sums);
}

bool is_small(int kernel, int channels, const Affine& prologue) {
  return kernel * kernel <= kMostTaps && channels <= kMostChannels && prologue.scale == nullptr &&
         !prologue.relu;
}

}  // namespace

bool conv_image_can_run(const ForwardConvolution& c) {
  return c.x.element == Element::kFloat && is_small(c.kernel, c.x.channels, c.prologue);
}

bool conv_image_can_run(const BackwardConvolution& c) {
  return c.dx.element == Element::kFloat && is_small(c.kernel, c.dx.channels, {}) &&
         c.dy.channels <= kMostOutputs;
}

void conv_image_forward(const ForwardConvolution& c, Stream stream) {
  const dim3 grid(static_cast<unsigned>(blocks_for(c.y.pixels(), kThreads)),
                  static_cast<unsigned>(blocks_for(c.y.channels, kOutputs)));
  with_type(c.y.element, [&](auto y) {
    using Y = decltype(y);
    launch(conv_image_forward_kernel<Y>, {grid, dim3(kThreads), 0, stream}, c, epilogue_of(c));
  });
}

void conv_image_backward(const BackwardConvolution& c, Stream stream) {
  const dim3 grid(static_cast<unsigned>(blocks_for(c.dx.pixels(), kThreads)));
  with_type(c.dy.element, [&](auto y) {
    using Y = decltype(y);
    // Loads of eight elements want that alignment, 16 or 32 bytes.
    const std::size_t bytes = kDepth * sizeof(Y);
    const bool aligned = reinterpret_cast<std::uintptr_t>(c.dy.data) % bytes == 0 &&
                         static_cast<std::size_t>(c.dy.pitch) * sizeof(Y) % bytes == 0;
    launch(conv_image_backward_kernel<Y>, {grid, dim3(kThreads), 0, stream}, c, epilogue_of(c),
           rows<Y>(c.dy), aligned);
  });
}

}  // namespace odin::cuda
