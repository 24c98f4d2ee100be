#include "kernels/cpu/training/fused_training.h"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/batch_norm_loops.h"
#include "kernels/cpu/spans.h"

namespace odin::cpu {
namespace {

template <class T, class View>
ImagePlanes<T> planes_of(std::string_view name, const View& view) {
  return {view.template data<float>(), rows_of(name, view).stride};
}

std::int64_t pixels_of(const ConstTensorView& x) {
  return x.shape()[2] * x.shape()[3];
}

// The same from image `first` on, for kernels, which only read those that are constant.
template <class View>
Planes planes_from(const View& view, std::int64_t first) {
  const std::int64_t stride = view.strides()[0];
  return {const_cast<float*>(view.template data<float>()) + first * stride,
          static_cast<long>(stride), static_cast<long>(pixels_of(view))};
}

// Calls f(begin, n) for the blocks of a plane.
template <class Function>
void for_each_block(std::int64_t pixels, Function f) {
  for (std::int64_t begin = 0; begin < pixels; begin += kBlock) {
    f(begin, std::min(kBlock, pixels - begin));
  }
}

// dx -= offset + slope (x - mean), for the planes of one image.
struct Correction {
  const float* mean = nullptr;
  const float* offset = nullptr;
  const float* slope = nullptr;

  void apply(const float* x, std::int64_t channels, std::int64_t pixels, float* dx) const {
    for (std::int64_t c = 0; c < channels; ++c) {
      subtract_line(x + c * pixels, mean[c], offset[c], slope[c], dx + c * pixels, pixels);
    }
  }
};

}  // namespace

CpuFusedTraining::CpuFusedTraining(const KernelTable& kernels, ConvolutionAlgorithm algorithm,
                                   ThreadPool& pool)
    : kernels_(kernels),
      algorithm_(algorithm),
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

void CpuFusedTraining::measure_image(ImagePlanes<const float> x, std::int64_t channels,
                                     std::int64_t pixels, std::int64_t n) {
  for (std::int64_t c = 0; c < channels; ++c) {
    const float* const plane = x.image(n) + c * pixels;
    Sum sum;
    for_each_block(pixels, [&](auto begin, auto count) { add_values(plane + begin, count, sum); });
    const double mean = sum.total() / static_cast<double>(pixels);
    Sums deviations;
    for_each_block(pixels, [&](auto begin, auto count) {
      add_deviations(plane + begin, static_cast<float>(mean), count, deviations);
    });
    sums_[static_cast<std::size_t>(n * channels + c)] = {mean, deviations.uv.total()};
  }
}

// Adds the squared deviations from the planes' means and those of these means from the mean of all
// (Chan, Golub & LeVeque 1983), so that little cancels.
void CpuFusedTraining::merge_statistics(std::int64_t images, std::int64_t channels,
                                        std::int64_t pixels, double epsilon,
                                        const ChannelStatistics& statistics) const {
  std::vector<double> means(static_cast<std::size_t>(channels));
  std::vector<double> squares(means.size());
  const auto for_each_plane = [&](auto f) {
    for (std::int64_t n = 0; n < images; ++n) {
      const PlaneSums* const planes = &sums_[static_cast<std::size_t>(n * channels)];
      for (std::size_t c = 0; c < means.size(); ++c) f(c, planes[c]);
    }
  };
  for_each_plane([&](std::size_t c, const PlaneSums& plane) { means[c] += plane.first; });
  for (double& mean : means) mean /= static_cast<double>(images);
  for_each_plane([&](std::size_t c, const PlaneSums& plane) {
    const double away = plane.first - means[c];
    squares[c] += plane.second + static_cast<double>(pixels) * away * away;
  });
  for (std::int64_t c = 0; c < channels; ++c) {
    const auto i = static_cast<std::size_t>(c);
    const double mean = means[i];
    const double variance = squares[i] / static_cast<double>(images * pixels);
    statistics.mean.data<float>()[c] = static_cast<float>(mean);
    statistics.variance.data<float>()[c] = static_cast<float>(variance);
    statistics.inv_std.data<float>()[c] = static_cast<float>(1 / std::sqrt(variance + epsilon));
  }
}

void CpuFusedTraining::do_channel_statistics(ConstTensorView x, double epsilon,
                                             const ChannelStatistics& statistics) {
  const auto in = planes_of<const float>("x", x);
  const std::int64_t images = x.shape()[0];
  const std::int64_t channels = x.shape()[1];
  sums_.resize(static_cast<std::size_t>(images * channels));
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
  const auto x = planes_of<const float>("x", in.x);
  const auto out = planes_of<float>("y", y);
  const Prologue prologue = prologue_of(in);
  const ImageConvolution convolution(ConvolutionPass::kForward, sizes, algorithm_, kernels_,
                                     w.data<float>(), packed_, pool_);
  const bool measured = statistics.mean.raw() != nullptr;
  sums_.resize(static_cast<std::size_t>(sizes.images * sizes.out_channels));
  const std::int64_t group = images_at_once(sizes);
  const std::int64_t pixels = pixels_of(y);
  pool_.run((sizes.images + group - 1) / group, [&](std::int64_t index, int worker) {
    const std::int64_t first = index * group;
    const std::int64_t images = std::min(group, sizes.images - first);
    if (is_pointwise(sizes)) {
      run_pointwise(in, y, convolution.weights(), first, first + images, worker);
      return;
    }
    Worker& own = workers_[static_cast<std::size_t>(worker)];
    convolution.run(own.convolution, images, {x.image(first), x.image_stride}, prologue,
                    {out.image(first), out.image_stride}, pixels);
    for (std::int64_t n = first; measured && n < first + images; ++n) {
      measure_image({out.data, out.image_stride}, sizes.out_channels, pixels, n);
    }
  });
  if (measured) merge_statistics(sizes.images, sizes.out_channels, pixels, epsilon, statistics);
}

void CpuFusedTraining::run_pointwise(const NormalisedInput& in, TensorView y, const float* weights,
                                     std::int64_t first, std::int64_t end, int worker) {
  const std::int64_t channels = y.shape()[1];
  PointwiseForwardTask task;
  task.images = static_cast<int>(end - first);
  task.in_channels = static_cast<int>(in.x.shape()[1]);
  task.out_channels = static_cast<int>(channels);
  task.pixels = static_cast<long>(pixels_of(y));
  task.in = planes_from(in.x, first);
  task.scale = scales_.data();
  task.shift = shifts_.data();
  task.weights = weights;
  task.out = planes_from(y, first);
  Worker& own = workers_[static_cast<std::size_t>(worker)];
  task.workspace = own.convolution.workspace.floats(kernels_.pointwise_forward.workspace(task));
  task.measured = own.gradient.floats(3 * task.images * channels);
  kernels_.pointwise_forward.run(task);
  const auto pixels = static_cast<double>(task.pixels);
  for (std::int64_t n = first; n < end; ++n) {
    const float* const measured = task.measured + 3 * (n - first) * channels;
    for (std::int64_t c = 0; c < channels; ++c) {
      const double away = measured[channels + c] / pixels;  // of the mean from the centre
      const double deviations = measured[2 * channels + c] - pixels * away * away;
      sums_[static_cast<std::size_t>(n * channels + c)] = {measured[c] + away,
                                                           deviations < 0 ? 0 : deviations};
    }
  }
}

void CpuFusedTraining::pass_pointwise(const NormalisedInput& in, const ResultGradient& out,
                                      const NormalisedGradients& gradients, const float* weights,
                                      std::int64_t first, std::int64_t end, int worker,
                                      float* filter_sums) {
  const std::int64_t channels = in.x.shape()[1];
  PointwiseGradientTask task;
  task.images = static_cast<int>(end - first);
  task.in_channels = static_cast<int>(channels);
  task.out_channels = static_cast<int>(out.dy.shape()[1]);
  task.pixels = static_cast<long>(pixels_of(in.x));
  task.in = planes_from(in.x, first);
  task.scale = scales_.data();
  task.shift = shifts_.data();
  task.mean = in.mean.data<float>();
  task.in_gradient = planes_from(gradients.dx, first);
  task.add = gradients.add;
  task.gradient = planes_from(out.dy, first);
  if (out.offset.raw() != nullptr) {
    task.out = planes_from(out.y, first);
    task.out_mean = out.mean.data<float>();
    task.out_offset = out.offset.data<float>();
    task.out_slope = out.slope.data<float>();
  }
  task.weights = weights;
  task.sums = filter_sums;
  Worker& own = workers_[static_cast<std::size_t>(worker)];
  task.workspace = own.convolution.workspace.floats(kernels_.pointwise_gradient.workspace(task));
  task.open_sums = own.gradient.floats(2 * task.images * channels);
  kernels_.pointwise_gradient.run(task);
  for (std::int64_t n = first; n < end; ++n) {
    const float* const sums = task.open_sums + 2 * (n - first) * channels;
    for (std::int64_t c = 0; c < channels; ++c) {
      sums_[static_cast<std::size_t>(n * channels + c)] = {sums[c], sums[channels + c]};
    }
  }
}

void CpuFusedTraining::do_convolution_backward(const ConvolutionGeometry& geometry,
                                               const NormalisedInput& in, ConstTensorView w,
                                               const ResultGradient& out, TensorView dw,
                                               const NormalisedGradients& gradients) {
  const ConvolutionSizes sizes = convolution_sizes(geometry, in.x.shape(), w.shape());
  const auto x = planes_of<const float>("x", in.x);
  const auto dx = planes_of<float>("dx", gradients.dx);
  const auto dy = planes_of<float>("dy", out.dy);
  const ImagePlanes<const float> dout{dy.data, dy.image_stride};
  const std::int64_t channels = sizes.in_channels;
  const std::int64_t pixels = pixels_of(in.x);
  const Prologue prologue = prologue_of(in);
  const ImageConvolution convolution(ConvolutionPass::kBackwardData, sizes, algorithm_, kernels_,
                                     w.data<float>(), packed_, pool_);
  const float* const means = in.mean.data<float>();
  sums_.resize(static_cast<std::size_t>(sizes.images * channels));

  const auto finish_images = [&](std::int64_t first, std::int64_t count) {
    if (out.offset.raw() == nullptr) return;
    const auto y = planes_of<const float>("y", out.y);
    const Correction correction{out.mean.data<float>(), out.offset.data<float>(),
                                out.slope.data<float>()};
    for (std::int64_t n = first; n < first + count; ++n) {
      correction.apply(y.image(n), sizes.out_channels, pixels_of(out.y), dy.image(n));
    }
  };
  // The gradient of h stays in the thread's memory; from there it goes to dx and into the sums.
  const auto pass_on = [&](std::int64_t first, std::int64_t count, int worker) {
    Worker& own = workers_[static_cast<std::size_t>(worker)];
    const std::int64_t plane = padded_plane(pixels);
    float* const dh = own.gradient.floats(count * channels * plane);
    convolution.run(own.convolution, count, {dout.image(first), dout.image_stride}, {},
                    {dh, channels * plane}, plane);
    for (std::int64_t n = 0; n < count; ++n) {
      for (std::int64_t c = 0; c < channels; ++c) {
        const float* const from = dh + (n * channels + c) * plane;
        const float* const values = x.image(first + n) + c * pixels;
        float* const to = dx.image(first + n) + c * pixels;
        const auto i = static_cast<std::size_t>(c);
        Sums sums;
        for_each_block(pixels, [&](auto at, auto length) {
          if (gradients.add) {
            add_open(values + at, from + at, means[c], scales_[i], shifts_[i], to + at, length,
                     sums);
          } else {
            set_open(values + at, from + at, means[c], scales_[i], shifts_[i], to + at, length,
                     sums);
          }
        });
        sums_[static_cast<std::size_t>((first + n) * channels + c)] = {sums.u.total(),
                                                                       sums.uv.total()};
      }
    }
  };
  // All of it for images [first, end). The gradient in the weights is added to `filter`, unless null,
  // if one kernel computes everything.
  const auto carry = [&](std::int64_t first, std::int64_t end, int worker, float* filter) {
    if (is_pointwise(sizes)) {
      pass_pointwise(in, out, gradients, convolution.weights(), first, end, worker, filter);
      return;
    }
    const std::int64_t group = images_at_once(sizes);
    for (std::int64_t n = first; n < end; n += group) {
      const std::int64_t count = std::min(group, end - n);
      finish_images(n, count);
      pass_on(n, count, worker);
    }
  };
  const auto carry_all = [&] {
    const std::int64_t group = images_at_once(sizes);
    pool_.run((sizes.images + group - 1) / group, [&](std::int64_t index, int worker) {
      carry(index * group, std::min(sizes.images, (index + 1) * group), worker, nullptr);
    });
  };

  if (dw.raw() == nullptr) {
    carry_all();
  } else {
    FilterSums filter(sizes, algorithm_, prologue, kernels_, filter_, pool_);
    if (filter.in_parts()) {
      pool_.run(filter.parts(), [&](std::int64_t part, int worker) {
        float* const sums = filter.clear_part(part);
        carry(filter.first_image(part), filter.first_image(part + 1), worker, sums);
        if (!is_pointwise(sizes)) filter.add_part(part, worker, x, dout);
      });
    } else {
      carry_all();
      filter.add_all(x, dout);
    }
    filter.add_to(dw.data<float>());
  }

  std::vector<PlaneSums> totals(static_cast<std::size_t>(channels));
  for (std::int64_t n = 0; n < sizes.images; ++n) {
    const PlaneSums* const planes = &sums_[static_cast<std::size_t>(n * channels)];
    for (std::size_t c = 0; c < totals.size(); ++c) {
      totals[c].first += planes[c].first;
      totals[c].second += planes[c].second;
    }
  }
  const auto m = static_cast<double>(sizes.images * pixels);
  for (std::int64_t c = 0; c < channels; ++c) {
    const auto [sum, centred] = totals[static_cast<std::size_t>(c)];
    const double inv_std = in.inv_std.data<float>()[c];
    const double scale = scales_[static_cast<std::size_t>(c)];
    const auto add = [](float& to, double value) { to = static_cast<float>(to + value); };
    add(gradients.correction.offset.data<float>()[c], scale * sum / m);
    add(gradients.correction.slope.data<float>()[c], scale * inv_std * inv_std * centred / m);
    if (gradients.dgamma.raw() != nullptr) {
      add(gradients.dgamma.data<float>()[c], centred * inv_std);
    }
    if (gradients.dbeta.raw() != nullptr) add(gradients.dbeta.data<float>()[c], sum);
  }
}

void CpuFusedTraining::do_finish_gradient(ConstTensorView x, ConstTensorView mean,
                                          ConstTensorView offset, ConstTensorView slope,
                                          TensorView dx) {
  const auto in = planes_of<const float>("x", x);
  const auto gradient = planes_of<float>("dx", dx);
  const Correction correction{mean.data<float>(), offset.data<float>(), slope.data<float>()};
  pool_.run(x.shape()[0], [&](std::int64_t n, int) {
    correction.apply(in.image(n), x.shape()[1], pixels_of(x), gradient.image(n));
  });
}

}  // namespace odin::cpu
