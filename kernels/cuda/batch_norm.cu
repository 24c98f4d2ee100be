#include "kernels/cuda/backend.h"
#include "kernels/cuda/device/map.cuh"
#include "kernels/cuda/device/moments.cuh"
#include "kernels/cuda/device/shared.cuh"
#include "kernels/cuda/operations.h"
#include "kernels/cuda/runtime/view_of.h"

// Statistics over N H W take two launches. First, each block of 32 channels x 8 threads walks over
// one chunk of the pixels and writes a partial result. Then one thread per channel merges the
// chunks in order. The number of chunks depends on the number of pixels alone, so no sum depends on
// how the GPU schedules its blocks.
namespace odin::cuda {
namespace {

constexpr int kLanes = 32;  // channels of a block: 128 bytes of a pixel
constexpr int kTeam = 8;    // threads that share a chunk's pixels
constexpr int kUnroll = 4;  // loads that a thread has in flight

std::int64_t chunk_pixels(std::int64_t pixels) {
  constexpr std::int64_t kLeast = 2 * kTeam * kUnroll;
  constexpr std::int64_t kMostChunks = 256;
  const std::int64_t wanted = blocks_for(pixels, kMostChunks);
  return wanted > kLeast ? wanted : kLeast;
}

dim3 statistics_grid(const ConstView& x) {
  return dim3(static_cast<unsigned>(blocks_for(x.channels, kLanes)),
              static_cast<unsigned>(blocks_for(x.pixels(), chunk_pixels(x.pixels()))));
}

struct MomentsOfTeam {
  Moments part[kTeam][kLanes];
};

// partial[chunk][0][c] = the chunk's mean, partial[chunk][1][c] = its distance.
template <class T>
__global__ void moments_kernel(Rows<const T> x, std::int64_t pixels, int channels,
                               std::int64_t chunk, float* partial) {
  auto& shared = block_shared<MomentsOfTeam>();
  const int lane = static_cast<int>(threadIdx.x);
  const int member = static_cast<int>(threadIdx.y);
  const int channel = static_cast<int>(blockIdx.x) * kLanes + lane;
  const std::int64_t begin = blockIdx.y * chunk;
  const std::int64_t end = begin + chunk < pixels ? begin + chunk : pixels;
  Moments moments{0, 0, 0};
  if (channel < channels) {
    for (std::int64_t p = begin + member; p < end; p += kTeam * kUnroll) {
      float value[kUnroll];
      float sum = 0;
      float count = 0;
#pragma unroll
      for (int i = 0; i < kUnroll; ++i) {
        const bool inside = p + i * kTeam < end;
        value[i] = inside ? to_float(*x.at(p + i * kTeam, channel)) : 0;
        sum += value[i];
        count += inside ? 1 : 0;
      }
      Moments few{count, sum / count, 0};
#pragma unroll
      for (int i = 0; i < kUnroll; ++i) {
        const float delta = p + i * kTeam < end ? value[i] - few.mean : 0;
        few.distance += delta * delta;
      }
      moments.merge(few);
    }
  }
  shared.part[member][lane] = moments;
  __syncthreads();
  if (member != 0 || channel >= channels) return;
  for (int other = 1; other < kTeam; ++other) moments.merge(shared.part[other][lane]);
  float* target = partial + (std::int64_t{blockIdx.y} * 2) * channels + channel;
  target[0] = moments.mean;
  target[channels] = moments.distance;
}

__global__ void merge_moments_kernel(const float* partial, std::int64_t pixels, int channels,
                                     std::int64_t chunk, int chunks, double epsilon,
                                     double momentum, float* running_mean, float* running_var,
                                     float* mean, float* inv_std) {
  const int channel = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (channel >= channels) return;
  Moments moments{0, 0, 0};
  for (int i = 0; i < chunks; ++i) {
    const std::int64_t left = pixels - i * chunk;
    const float* source = partial + (std::int64_t{i} * 2) * channels + channel;
    moments.merge({static_cast<float>(left < chunk ? left : chunk), source[0], source[channels]});
  }
  const double variance = double{moments.distance} / static_cast<double>(pixels);
  const double unbiased = double{moments.distance} / static_cast<double>(pixels - 1);
  mean[channel] = moments.mean;
  inv_std[channel] = static_cast<float>(1 / sqrt(variance + epsilon));
  running_mean[channel] = static_cast<float>(
      running_mean[channel] + momentum * (double{moments.mean} - running_mean[channel]));
  running_var[channel] =
      static_cast<float>(running_var[channel] + momentum * (unbiased - running_var[channel]));
}

__device__ inline float inv_std_of(const BatchNormStatistics& statistics, std::int64_t c) {
  return statistics.inv_std != nullptr ? statistics.inv_std[c]
                                       : 1 / sqrtf(statistics.variance[c] + statistics.epsilon);
}

template <class T>
struct Normalise {
  static constexpr bool kNarrow = sizeof(T) == 2;
  Rows<const T> x;
  Rows<T> y;
  BatchNormParameters parameters;
  BatchNormStatistics statistics;
  bool relu;

  template <int V>
  __device__ void apply(std::int64_t p, std::int64_t c) const {
    Floats<V> v = load<V>(x.at(p, c));
#pragma unroll
    for (int i = 0; i < V; ++i) {
      const float scale = parameters.gamma[c + i] * inv_std_of(statistics, c + i);
      v.v[i] = fmaf(v.v[i] - statistics.mean[c + i], scale, parameters.beta[c + i]);
      if (relu && v.v[i] < 0) v.v[i] = 0;
    }
    store<V>(y.at(p, c), v);
  }
};

struct Sums {
  float dy;
  float dy_x;  // of dy x^
};

struct SumsOfTeam {
  Sums part[kTeam][kLanes];
};

// dy as the normalisation sees it: zero where the ReLU after it was closed.
__device__ inline float through_relu(bool relu, float dy, float normal,
                                     const BatchNormParameters& parameters, std::int64_t c) {
  return relu && !(fmaf(parameters.gamma[c], normal, parameters.beta[c]) > 0) ? 0 : dy;
}

// partial[chunk][0][c] = sum of dy, partial[chunk][1][c] = sum of dy x^ over the chunk.
template <class T>
__global__ void gradient_sums_kernel(Rows<const T> x, Rows<const T> dy,
                                     BatchNormParameters parameters, BatchNormStatistics statistics,
                                     bool relu, std::int64_t pixels, int channels,
                                     std::int64_t chunk, float* partial) {
  auto& shared = block_shared<SumsOfTeam>();
  const int lane = static_cast<int>(threadIdx.x);
  const int member = static_cast<int>(threadIdx.y);
  const int channel = static_cast<int>(blockIdx.x) * kLanes + lane;
  const std::int64_t begin = blockIdx.y * chunk;
  const std::int64_t end = begin + chunk < pixels ? begin + chunk : pixels;
  Sums sums{0, 0};
  if (channel < channels) {
    const float mean = statistics.mean[channel];
    const float inv_std = inv_std_of(statistics, channel);
#pragma unroll kUnroll
    for (std::int64_t p = begin + member; p < end; p += kTeam) {
      const float normal = (to_float(*x.at(p, channel)) - mean) * inv_std;
      const float gradient =
          through_relu(relu, to_float(*dy.at(p, channel)), normal, parameters, channel);
      sums.dy += gradient;
      sums.dy_x = fmaf(gradient, normal, sums.dy_x);
    }
  }
  shared.part[member][lane] = sums;
  __syncthreads();
  if (member != 0 || channel >= channels) return;
  for (int other = 1; other < kTeam; ++other) {
    sums.dy += shared.part[other][lane].dy;
    sums.dy_x += shared.part[other][lane].dy_x;
  }
  float* target = partial + (std::int64_t{blockIdx.y} * 2) * channels + channel;
  target[0] = sums.dy;
  target[channels] = sums.dy_x;
}

// Merges the chunks into the first one and adds the sums to dbeta and dgamma.
__global__ void merge_sums_kernel(float* partial, int channels, int chunks, float* dgamma,
                                  float* dbeta) {
  const int channel = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (channel >= channels) return;
  double dy = 0;
  double dy_x = 0;
  for (int i = 0; i < chunks; ++i) {
    const float* source = partial + (std::int64_t{i} * 2) * channels + channel;
    dy += source[0];
    dy_x += source[channels];
  }
  partial[channel] = static_cast<float>(dy);
  partial[channels + channel] = static_cast<float>(dy_x);
  if (dbeta != nullptr) dbeta[channel] += static_cast<float>(dy);
  if (dgamma != nullptr) dgamma[channel] += static_cast<float>(dy_x);
}

// dx += gamma inv_std (dy - sums.dy / m - x^ sums.dy_x / m), without the sums if they are nullptr.
template <class T>
struct NormaliseBackward {
  static constexpr bool kNarrow = sizeof(T) == 2;
  Rows<const T> x;
  Rows<const T> dy;
  Rows<T> dx;
  BatchNormParameters parameters;
  BatchNormStatistics statistics;
  const float* sums;
  float per_pixel;  // 1 / m
  std::int64_t channels;
  bool relu;

  template <int V>
  __device__ void apply(std::int64_t p, std::int64_t c) const {
    const Floats<V> value = load<V>(x.at(p, c));
    const Floats<V> gradient = load<V>(dy.at(p, c));
    Floats<V> sum = load<V>(dx.at(p, c));
#pragma unroll
    for (int i = 0; i < V; ++i) {
      const float inv_std = inv_std_of(statistics, c + i);
      const float normal = (value.v[i] - statistics.mean[c + i]) * inv_std;
      float d = through_relu(relu, gradient.v[i], normal, parameters, c + i);
      if (sums != nullptr) {
        d -= (sums[c + i] + normal * sums[channels + c + i]) * per_pixel;
      }
      sum.v[i] += parameters.gamma[c + i] * inv_std * d;
    }
    store<V>(dx.at(p, c), sum);
  }
};

Geometry merge_geometry(int channels, Stream stream) {
  constexpr unsigned kThreads = 128;
  return {dim3(static_cast<unsigned>(blocks_for(channels, kThreads))), dim3(kThreads), 0, stream};
}

}  // namespace

std::size_t batch_norm_workspace(std::int64_t pixels, int channels) {
  const std::int64_t chunks = blocks_for(pixels, chunk_pixels(pixels));
  return static_cast<std::size_t>(chunks) * 2 * static_cast<std::size_t>(channels) * sizeof(float);
}

void batch_norm_statistics(ConstView x, double epsilon, double momentum, float* running_mean,
                           float* running_var, float* mean, float* inv_std, void* workspace,
                           Stream stream) {
  if (x.empty()) return;
  expect(x.pixels() >= 2, "batch norm in training needs at least two values per channel");
  const std::int64_t chunk = chunk_pixels(x.pixels());
  const dim3 grid = statistics_grid(x);
  auto* partial = static_cast<float*>(workspace);
  with_type(x.element, [&](auto t) {
    using T = decltype(t);
    launch(moments_kernel<T>, {grid, dim3(kLanes, kTeam), 0, stream}, rows<T>(x), x.pixels(),
           x.channels, chunk, partial);
  });
  launch(merge_moments_kernel, merge_geometry(x.channels, stream), partial, x.pixels(), x.channels,
         chunk, static_cast<int>(grid.y), epsilon, momentum, running_mean, running_var, mean,
         inv_std);
}

void batch_norm(ConstView x, BatchNormParameters parameters, BatchNormStatistics statistics,
                bool relu, View y, Stream stream) {
  expect(same_shape(x, y) && x.element == y.element, "the operands of a batch norm differ");
  with_type(x.element, [&](auto t) {
    using T = decltype(t);
    map(Normalise<T>{rows<T>(x), rows<T>(y), parameters, statistics, relu}, x.pixels(), x.channels,
        {x, y}, stream);
  });
}

void batch_norm_gradient(ConstView x, ConstView dy, BatchNormParameters parameters,
                         BatchNormStatistics statistics, bool relu, View dx, float* dgamma,
                         float* dbeta, void* workspace, Stream stream) {
  expect(same_shape(x, dy) && x.element == dy.element, "the operands of a batch norm differ");
  if (x.empty()) return;
  const std::int64_t chunk = chunk_pixels(x.pixels());
  const dim3 grid = statistics_grid(x);
  auto* partial = static_cast<float*>(workspace);
  const bool through_statistics = statistics.inv_std != nullptr;
  const bool sums_wanted = through_statistics || dgamma != nullptr || dbeta != nullptr;
  with_type(x.element, [&](auto t) {
    using T = decltype(t);
    if (sums_wanted) {
      launch(gradient_sums_kernel<T>, {grid, dim3(kLanes, kTeam), 0, stream}, rows<T>(x),
             rows<T>(dy), parameters, statistics, relu, x.pixels(), x.channels, chunk, partial);
      launch(merge_sums_kernel, merge_geometry(x.channels, stream), partial, x.channels,
             static_cast<int>(grid.y), dgamma, dbeta);
    }
    if (dx.empty()) return;
    expect(same_shape(x, dx) && x.element == dx.element, "the operands of a batch norm differ");
    const float* sums = through_statistics ? partial : nullptr;
    const float per_pixel = 1.0f / static_cast<float>(x.pixels());
    map(NormaliseBackward<T>{rows<T>(x), rows<T>(dy), rows<T>(dx), parameters, statistics, sums,
                             per_pixel, x.channels, relu},
        x.pixels(), x.channels, {x, dy, dx}, stream);
  });
}

void CudaBackend::do_batch_norm_forward_training(ConstTensorView x, ConstTensorView gamma,
                                                 ConstTensorView beta, double epsilon,
                                                 double momentum, bool relu,
                                                 TensorView running_mean, TensorView running_var,
                                                 TensorView y, TensorView mean,
                                                 TensorView inv_std) {
  const ConstView in = view_of(x);
  batch_norm_statistics(in, epsilon, momentum, running_mean.data<float>(),
                        running_var.data<float>(), mean.data<float>(), inv_std.data<float>(),
                        workspace_.get(batch_norm_workspace(in.pixels(), in.channels)), stream_);
  batch_norm(in, {gamma.data<float>(), beta.data<float>()},
             {.mean = mean.data<float>(), .inv_std = inv_std.data<float>()}, relu, view_of(y),
             stream_);
}

void CudaBackend::do_batch_norm_backward_training(ConstTensorView x, ConstTensorView dy,
                                                  ConstTensorView gamma, ConstTensorView beta,
                                                  ConstTensorView mean, ConstTensorView inv_std,
                                                  bool relu, TensorView dx, TensorView dgamma,
                                                  TensorView dbeta) {
  const ConstView in = view_of(x);
  batch_norm_gradient(in, view_of(dy), {gamma.data<float>(), beta.data<float>()},
                      {.mean = mean.data<float>(), .inv_std = inv_std.data<float>()}, relu,
                      view_of(dx), dgamma.data<float>(), dbeta.data<float>(),
                      workspace_.get(batch_norm_workspace(in.pixels(), in.channels)), stream_);
}

void CudaBackend::do_batch_norm_forward_evaluation(ConstTensorView x, ConstTensorView gamma,
                                                   ConstTensorView beta,
                                                   ConstTensorView running_mean,
                                                   ConstTensorView running_var, double epsilon,
                                                   TensorView y) {
  batch_norm(view_of(x), {gamma.data<float>(), beta.data<float>()},
             {.mean = running_mean.data<float>(),
              .variance = running_var.data<float>(),
              .epsilon = static_cast<float>(epsilon)},
             false, view_of(y), stream_);
}

void CudaBackend::do_batch_norm_backward_evaluation(ConstTensorView x, ConstTensorView dy,
                                                    ConstTensorView gamma,
                                                    ConstTensorView running_mean,
                                                    ConstTensorView running_var, double epsilon,
                                                    TensorView dx, TensorView dgamma,
                                                    TensorView dbeta) {
  const ConstView in = view_of(x);
  batch_norm_gradient(in, view_of(dy), {.gamma = gamma.data<float>()},
                      {.mean = running_mean.data<float>(),
                       .variance = running_var.data<float>(),
                       .epsilon = static_cast<float>(epsilon)},
                      false, view_of(dx), dgamma.data<float>(), dbeta.data<float>(),
                      workspace_.get(batch_norm_workspace(in.pixels(), in.channels)), stream_);
}

}  // namespace odin::cuda
