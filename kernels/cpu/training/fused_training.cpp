#include "kernels/cpu/training/fused_training.h"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/batch_norm_loops.h"
#include "kernels/cpu/images.h"

namespace odin::cpu {

CpuFusedTraining::CpuFusedTraining(const KernelTable& kernels, ConvolutionAlgorithm algorithm,
                                   const Blocks& blocks, ThreadPool& pool)
    : kernels_(kernels),
      algorithm_(algorithm),
      blocks_(blocks),
      pool_(pool),
      workers_(static_cast<std::size_t>(pool.size())) {}

Prologue CpuFusedTraining::prologue_of(const NormalisedInput& in) {
  const auto channels = static_cast<std::size_t>(in.x.shape()[1]);
  scales_.resize(channels);
  shifts_.resize(channels);
  for (std::size_t c = 0; c < channels; ++c) {
    const double scale = double{in.gamma.data<float>()[c]} * double{in.inv_std.data<float>()[c]};
    scales_[c] = static_cast<float>(scale);
    shifts_[c] = static_cast<float>(in.beta.data<float>()[c] - scale * in.mean.data<float>()[c]);
  }
  return {scales_.data(), shifts_.data()};
}

void CpuFusedTraining::measure_image(Images<const float> x, std::int64_t channels,
                                     std::int64_t pixels, std::int64_t n) {
  for (std::int64_t c = 0; c < channels; ++c) {
    const float* const plane = x.plane(n, c, pixels);
    Sum sum;
    for_each_block(pixels, [&](auto begin, auto count) { add_values(plane + begin, count, sum); });
    const double mean = sum.total() / static_cast<double>(pixels);
    Sums deviations;
    for_each_block(pixels, [&](auto begin, auto count) {
      add_deviations(plane + begin, static_cast<float>(mean), count, deviations);
    });
    planes_[static_cast<std::size_t>(n * channels + c)] = {mean, deviations.uv.total()};
  }
}

// Adds the squared deviations from the planes' means and those of these means from the mean of all
// (Chan, Golub & LeVeque 1983), so that little cancels.
void CpuFusedTraining::merge_statistics(std::int64_t images, std::int64_t channels,
                                        std::int64_t pixels, double epsilon,
                                        const ChannelStatistics& statistics) {
  means_.assign(static_cast<std::size_t>(channels), 0.0);
  squares_.assign(means_.size(), 0.0);
  const auto for_each_plane = [&](auto f) {
    for (std::int64_t n = 0; n < images; ++n) {
      const PlaneStatistics* const planes = &planes_[static_cast<std::size_t>(n * channels)];
      for (std::size_t c = 0; c < means_.size(); ++c) f(c, planes[c]);
    }
  };
  for_each_plane([&](std::size_t c, const PlaneStatistics& plane) { means_[c] += plane.mean; });
  for (double& mean : means_) mean /= static_cast<double>(images);
  for_each_plane([&](std::size_t c, const PlaneStatistics& plane) {
    const double away = plane.mean - means_[c];
    squares_[c] += plane.squared_deviations + static_cast<double>(pixels) * away * away;
  });
  for (std::int64_t c = 0; c < channels; ++c) {
    const auto i = static_cast<std::size_t>(c);
    const double mean = means_[i];
    const double variance = squares_[i] / static_cast<double>(images * pixels);
    statistics.mean.data<float>()[c] = static_cast<float>(mean);
    statistics.variance.data<float>()[c] = static_cast<float>(variance);
    statistics.inv_std.data<float>()[c] = static_cast<float>(1 / std::sqrt(variance + epsilon));
  }
}

void CpuFusedTraining::do_channel_statistics(ConstTensorView x, double epsilon,
                                             const ChannelStatistics& statistics) {
  const auto in = images_of("x", x);
  const std::int64_t images = x.shape()[0];
  const std::int64_t channels = x.shape()[1];
  planes_.resize(static_cast<std::size_t>(images * channels));
  pool_.run(images, [&](std::int64_t n, int) { measure_image(in, channels, pixels_of(x), n); });
  merge_statistics(images, channels, pixels_of(x), epsilon, statistics);
}

void CpuFusedTraining::do_move_running_statistics(ConstTensorView mean, ConstTensorView variance,
                                                  std::int64_t count, double momentum,
                                                  TensorView running_mean, TensorView running_var) {
  const double unbiased = static_cast<double>(count) / static_cast<double>(count - 1);
  const auto move = [momentum](float& running, double to) {
    running = static_cast<float>(running + momentum * (to - running));
  };
  for (std::int64_t c = 0; c < mean.numel(); ++c) {
    move(running_mean.data<float>()[c], mean.data<float>()[c]);
    move(running_var.data<float>()[c], variance.data<float>()[c] * unbiased);
  }
}

void CpuFusedTraining::do_convolution_forward(const ConvolutionGeometry& geometry,
                                              const NormalisedInput& in, ConstTensorView w,
                                              TensorView y, double epsilon,
                                              const ChannelStatistics& statistics) {
  const ConvolutionSizes sizes = convolution_sizes(geometry, in.x.shape(), w.shape());
  const auto x = images_of("x", in.x);
  const auto out = images_of("y", y);
  const Prologue prologue = prologue_of(in);
  constexpr auto kPass = ConvolutionPass::kForward;
  const PackedWeights weights(kPass, sizes, algorithm_, kernels_, w.data<float>(), packed_, pool_);
  const ImageConvolution convolution(kPass, sizes, kernels_, blocks_, weights);
  const bool measured = statistics.mean.raw() != nullptr;
  planes_.resize(static_cast<std::size_t>(sizes.images * sizes.out_channels));
  const std::int64_t pixels = pixels_of(y);
  const auto run_images = [&](std::int64_t first, std::int64_t end, int worker) {
    if (is_pointwise(sizes)) {
      run_pointwise(in, prologue, y, weights.data(), first, end, worker);
      return;
    }
    Worker& own = workers_[static_cast<std::size_t>(worker)];
    convolution.run(own.convolution, end - first, x + first, prologue, out + first, pixels);
    for (std::int64_t n = first; measured && n < end; ++n) {
      measure_image(out, sizes.out_channels, pixels, n);
    }
  };
  pool_.run_chunks(sizes.images, images_at_once(sizes, blocks_), run_images);
  if (measured) merge_statistics(sizes.images, sizes.out_channels, pixels, epsilon, statistics);
}

void CpuFusedTraining::run_pointwise(const NormalisedInput& in, const Prologue& prologue,
                                     TensorView y, const float* weights, std::int64_t first,
                                     std::int64_t end, int worker) {
  const std::int64_t channels = y.shape()[1];
  PointwiseForwardTask task;
  task.images = static_cast<int>(end - first);
  task.in_channels = static_cast<int>(in.x.shape()[1]);
  task.out_channels = static_cast<int>(channels);
  task.pixels = static_cast<long>(pixels_of(y));
  task.in = planes_of(images_of("x", in.x) + first, pixels_of(in.x));
  task.scale = prologue.scale;
  task.shift = prologue.shift;
  task.weights = weights;
  task.out = planes_of(images_of("y", y) + first, pixels_of(y));
  Worker& own = workers_[static_cast<std::size_t>(worker)];
  task.workspace = own.convolution.workspace.floats(kernels_.pointwise_forward.workspace(task));
  task.measured = own.results.floats(3 * task.images * channels);
  kernels_.pointwise_forward.run(task);
  const auto pixels = static_cast<double>(task.pixels);
  for (std::int64_t n = first; n < end; ++n) {
    const float* const measured = task.measured + 3 * (n - first) * channels;
    for (std::int64_t c = 0; c < channels; ++c) {
      const double away = measured[channels + c] / pixels;  // of the mean from the centre
      const double deviations = measured[2 * channels + c] - pixels * away * away;
      planes_[static_cast<std::size_t>(n * channels + c)] = {measured[c] + away,
                                                             deviations < 0 ? 0 : deviations};
    }
  }
}

}  // namespace odin::cpu
