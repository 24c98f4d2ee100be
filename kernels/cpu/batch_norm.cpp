#include <algorithm>
#include <cmath>
#include <optional>

#include "kernels/cpu/backend.h"
#include "kernels/cpu/batch_norm_loops.h"
#include "kernels/cpu/images.h"

namespace odin::cpu {
namespace {

// A task takes neighbouring channels together, of about kRun pixels and at most kMaxChannels, so
// that memory is read in runs longer than a plane (measured: a third faster than single planes of
// 32 x 32).
constexpr std::int64_t kRun = 4096;
constexpr std::int64_t kMaxChannels = 32;

// Planes of an activation and the channels that each task takes.
struct BatchPlanes {
  std::int64_t images;
  std::int64_t channels;
  std::int64_t pixels;

  explicit BatchPlanes(const Shape& shape)
      : images(shape[0]), channels(shape[1]), pixels(shape[2] * shape[3]) {}

  std::int64_t channels_at_once() const {
    return std::clamp<std::int64_t>(kRun / std::max<std::int64_t>(1, pixels), 1, kMaxChannels);
  }
};

// Calls task(first, last) for groups of channels.
template <class Task>
void for_each_group(ThreadPool& pool, const BatchPlanes& planes, Task&& task) {
  pool.run_blocks(planes.channels, planes.channels_at_once(),
                  [&](std::int64_t first, std::int64_t last, int) { task(first, last); });
}

// Calls f(n, c) for the planes of channels [first, last), in memory order.
template <class Function>
void for_each_plane(const BatchPlanes& planes, std::int64_t first, std::int64_t last, Function f) {
  for (std::int64_t n = 0; n < planes.images; ++n) {
    for (std::int64_t c = first; c < last; ++c) f(n, c);
  }
}

// dy = sum dy, dy_centred = sum dy (x - mean) of a channel.
void add_parameter_gradients(double dy, double dy_centred, double inv_std, std::int64_t c,
                             const TensorView& dgamma, const TensorView& dbeta) {
  if (wanted(dgamma)) dgamma.data<float>()[c] += static_cast<float>(dy_centred * inv_std);
  if (wanted(dbeta)) dbeta.data<float>()[c] += static_cast<float>(dy);
}

double inv_std_of(const float* running_var, std::int64_t c, double epsilon) {
  return 1 / std::sqrt(static_cast<double>(running_var[c]) + epsilon);
}

}  // namespace

void CpuBackend::do_batch_norm_forward_training(ConstTensorView x, ConstTensorView gamma,
                                                ConstTensorView beta, double epsilon,
                                                double momentum, bool relu, TensorView running_mean,
                                                TensorView running_var, TensorView y,
                                                TensorView mean, TensorView inv_std) {
  const BatchPlanes planes(x.shape());
  const auto m = static_cast<double>(planes.images * planes.pixels);
  const Images<const float> in = images_of("x", x);
  const Images<float> out = images_of("y", y);
  // Looked up once, because data() checks the type at every call.
  const float* const gammas = gamma.data<float>();
  const float* const betas = beta.data<float>();
  float* const means = mean.data<float>();
  float* const inv_stds = inv_std.data<float>();
  float* const running_means = running_mean.data<float>();
  float* const running_vars = running_var.data<float>();
  for_each_group(pool_, planes, [&](std::int64_t first, std::int64_t last) {
    // Sums of deviations from the mean of the first image, so that little cancels in the variance:
    // that mean is at most sqrt(images) standard deviations away from the batch's.
    float centres[kMaxChannels];
    for (std::int64_t c = first; c < last; ++c) {
      Sum sum;
      for_each_block(planes.pixels, [&](std::int64_t begin, std::int64_t count) {
        add_values(in.plane(0, c, planes.pixels) + begin, count, sum);
      });
      centres[c - first] = static_cast<float>(sum.total() / static_cast<double>(planes.pixels));
    }
    Sums sums[kMaxChannels];
    for_each_plane(planes, first, last, [&](std::int64_t n, std::int64_t c) {
      for_each_block(planes.pixels, [&](std::int64_t begin, std::int64_t count) {
        add_deviations(in.plane(n, c, planes.pixels) + begin, centres[c - first], count,
                       sums[c - first]);
      });
    });
    for (std::int64_t c = first; c < last; ++c) {
      const double offset = sums[c - first].u.total() / m;
      const double channel_mean = static_cast<double>(centres[c - first]) + offset;
      const double variance = std::max(sums[c - first].uv.total() / m - offset * offset, 0.0);
      means[c] = static_cast<float>(channel_mean);
      inv_stds[c] = static_cast<float>(1 / std::sqrt(variance + epsilon));
      const auto move = [=](float& running, double to) {
        running = static_cast<float>(running + momentum * (to - running));
      };
      move(running_means[c], channel_mean);
      move(running_vars[c], variance * m / (m - 1));
    }
    float scales[kMaxChannels];
    for (std::int64_t c = first; c < last; ++c) scales[c - first] = gammas[c] * inv_stds[c];
    for_each_plane(planes, first, last, [&](std::int64_t n, std::int64_t c) {
      if (relu) {
        normalise_relu(in.plane(n, c, planes.pixels), means[c], scales[c - first], betas[c],
                       out.plane(n, c, planes.pixels), planes.pixels);
      } else {
        normalise(in.plane(n, c, planes.pixels), means[c], scales[c - first], betas[c],
                  out.plane(n, c, planes.pixels), planes.pixels);
      }
    });
  });
}

void CpuBackend::do_batch_norm_backward_training(ConstTensorView x, ConstTensorView dy,
                                                 ConstTensorView gamma, ConstTensorView beta,
                                                 ConstTensorView mean, ConstTensorView inv_std,
                                                 bool relu, TensorView dx, TensorView dgamma,
                                                 TensorView dbeta) {
  const BatchPlanes planes(x.shape());
  const auto m = static_cast<double>(planes.images * planes.pixels);
  const Images<const float> in = images_of("x", x);
  const Images<const float> dout = images_of("dy", dy);
  const float* const means = mean.data<float>();
  const float* const inv_stds = inv_std.data<float>();
  const float* const gammas = gamma.data<float>();
  const float* const shifts = beta.data<float>();
  const auto scale_of = [=](std::int64_t c) { return gammas[c] * inv_stds[c]; };
  const auto din = wanted(dx) ? std::make_optional(images_of("dx", dx)) : std::nullopt;
  for_each_group(pool_, planes, [&](std::int64_t first, std::int64_t last) {
    Sums sums[kMaxChannels];
    for_each_plane(planes, first, last, [&](std::int64_t n, std::int64_t c) {
      for_each_block(planes.pixels, [&](std::int64_t begin, std::int64_t count) {
        const float* const values = in.plane(n, c, planes.pixels) + begin;
        const float* const gradients = dout.plane(n, c, planes.pixels) + begin;
        if (relu) {
          add_open_gradients(values, gradients, means[c], scale_of(c), shifts[c], count,
                             sums[c - first]);
        } else {
          add_gradients(values, gradients, means[c], count, sums[c - first]);
        }
      });
    });
    // The gradient is scale (dy - offset - slope (x - mean)).
    float offsets[kMaxChannels];
    float slopes[kMaxChannels];
    for (std::int64_t c = first; c < last; ++c) {
      const double sum_dy = sums[c - first].u.total();
      const double sum_dy_centred = sums[c - first].uv.total();
      const auto r = static_cast<double>(inv_stds[c]);
      add_parameter_gradients(sum_dy, sum_dy_centred, r, c, dgamma, dbeta);
      offsets[c - first] = static_cast<float>(sum_dy / m);
      slopes[c - first] = static_cast<float>(sum_dy_centred * r * r / m);
    }
    if (!din) return;
    for_each_plane(planes, first, last, [&](std::int64_t n, std::int64_t c) {
      if (relu) {
        add_open_gradient(in.plane(n, c, planes.pixels), dout.plane(n, c, planes.pixels), means[c],
                          scale_of(c), shifts[c], offsets[c - first], slopes[c - first],
                          din->plane(n, c, planes.pixels), planes.pixels);
      } else {
        add_gradient(in.plane(n, c, planes.pixels), dout.plane(n, c, planes.pixels), means[c],
                     scale_of(c), offsets[c - first], slopes[c - first],
                     din->plane(n, c, planes.pixels), planes.pixels);
      }
    });
  });
}

void CpuBackend::do_batch_norm_forward_evaluation(ConstTensorView x, ConstTensorView gamma,
                                                  ConstTensorView beta,
                                                  ConstTensorView running_mean,
                                                  ConstTensorView running_var, double epsilon,
                                                  TensorView y) {
  const BatchPlanes planes(x.shape());
  const Images<const float> in = images_of("x", x);
  const Images<float> out = images_of("y", y);
  for_each_group(pool_, planes, [&](std::int64_t first, std::int64_t last) {
    for_each_plane(planes, first, last, [&](std::int64_t n, std::int64_t c) {
      const double scale = static_cast<double>(gamma.data<float>()[c]) *
                           inv_std_of(running_var.data<float>(), c, epsilon);
      normalise(in.plane(n, c, planes.pixels), running_mean.data<float>()[c],
                static_cast<float>(scale), beta.data<float>()[c], out.plane(n, c, planes.pixels),
                planes.pixels);
    });
  });
}

void CpuBackend::do_batch_norm_backward_evaluation(ConstTensorView x, ConstTensorView dy,
                                                   ConstTensorView gamma,
                                                   ConstTensorView running_mean,
                                                   ConstTensorView running_var, double epsilon,
                                                   TensorView dx, TensorView dgamma,
                                                   TensorView dbeta) {
  const BatchPlanes planes(x.shape());
  const Images<const float> in = images_of("x", x);
  const Images<const float> dout = images_of("dy", dy);
  const auto din = wanted(dx) ? std::make_optional(images_of("dx", dx)) : std::nullopt;
  const bool parameters = wanted(dgamma) || wanted(dbeta);
  for_each_group(pool_, planes, [&](std::int64_t first, std::int64_t last) {
    Sums sums[kMaxChannels];
    for_each_plane(planes, first, last, [&](std::int64_t n, std::int64_t c) {
      if (parameters) {
        for_each_block(planes.pixels, [&](std::int64_t begin, std::int64_t count) {
          add_gradients(in.plane(n, c, planes.pixels) + begin,
                        dout.plane(n, c, planes.pixels) + begin, running_mean.data<float>()[c],
                        count, sums[c - first]);
        });
      }
      if (din) {
        const double scale = static_cast<double>(gamma.data<float>()[c]) *
                             inv_std_of(running_var.data<float>(), c, epsilon);
        add_scaled(dout.plane(n, c, planes.pixels), static_cast<float>(scale),
                   din->plane(n, c, planes.pixels), planes.pixels);
      }
    });
    for (std::int64_t c = first; c < last; ++c) {
      add_parameter_gradients(sums[c - first].u.total(), sums[c - first].uv.total(),
                              inv_std_of(running_var.data<float>(), c, epsilon), c, dgamma, dbeta);
    }
  });
}

}  // namespace odin::cpu
