#include "kernels/cpu/batch_norm.h"

#include <algorithm>
#include <cmath>

#include "kernels/checks.h"
#include "kernels/cpu/multiversion.h"
#include "kernels/cpu/spans.h"

namespace odin::cpu {
namespace {

constexpr int kLanes = 16;
// Elements that are summed in float before the sum goes on in double.
constexpr std::int64_t kBlock = 1024;
// Channels that a task takes at most; small planes go together, so that memory is read in longer
// runs.
constexpr std::int64_t kMaxChannels = 32;

// Sixteen running sums, each in its lane whatever the instruction set, so that all clones agree.
typedef float Lanes __attribute__((vector_size(4 * kLanes), aligned(4)));

#define ODIN_INLINE inline __attribute__((always_inline))

ODIN_INLINE double sum_of(const Lanes& lanes) {
  double sum = 0;
  for (int l = 0; l < kLanes; ++l) sum += static_cast<double>(lanes[l]);
  return sum;
}

// Mean and sum of squared deviations of `count` elements; more can be added.
struct Moments {
  double count = 0;
  double mean = 0;
  double squares = 0;
};

// Adds n <= kBlock elements: their own mean first, then their deviations from it, and the two sets
// merged (Chan, Golub & LeVeque 1983), so that nothing cancels.
ODIN_MULTIVERSION
void add_block(const float* x, std::int64_t n, Moments& moments) {
  const std::int64_t whole = n / kLanes * kLanes;
  Lanes sums{};
  for (std::int64_t i = 0; i < whole; i += kLanes) sums += *reinterpret_cast<const Lanes*>(x + i);
  double sum = sum_of(sums);
  for (std::int64_t i = whole; i < n; ++i) sum += static_cast<double>(x[i]);
  const auto count = static_cast<double>(n);
  const double mean = sum / count;

  const auto centre = static_cast<float>(mean);
  Lanes squares{};
  for (std::int64_t i = 0; i < whole; i += kLanes) {
    const Lanes centred = *reinterpret_cast<const Lanes*>(x + i) - centre;
    squares += centred * centred;
  }
  double square = sum_of(squares);
  for (std::int64_t i = whole; i < n; ++i) {
    const double centred = static_cast<double>(x[i]) - static_cast<double>(centre);
    square += centred * centred;
  }
  // The deviations are from the mean rounded to float.
  const double rounding = mean - static_cast<double>(centre);
  square -= count * rounding * rounding;

  const double total = moments.count + count;
  const double apart = mean - moments.mean;
  moments.squares += square + apart * apart * moments.count * count / total;
  moments.mean += apart * count / total;
  moments.count = total;
}

// sum dy and sum dy (x - mean) of a channel.
struct Sums {
  double dy = 0;
  double dy_centred = 0;
};

ODIN_MULTIVERSION
void add_block(const float* x, const float* dy, float mean, std::int64_t n, Sums& sums) {
  const std::int64_t whole = n / kLanes * kLanes;
  Lanes dys{};
  Lanes products{};
  for (std::int64_t i = 0; i < whole; i += kLanes) {
    const Lanes d = *reinterpret_cast<const Lanes*>(dy + i);
    dys += d;
    products += d * (*reinterpret_cast<const Lanes*>(x + i) - mean);
  }
  sums.dy += sum_of(dys);
  sums.dy_centred += sum_of(products);
  for (std::int64_t i = whole; i < n; ++i) {
    sums.dy += static_cast<double>(dy[i]);
    sums.dy_centred += static_cast<double>(dy[i] * (x[i] - mean));
  }
}

// y = scale (x - mean) + shift
ODIN_MULTIVERSION
void normalise(const float* x, float mean, float scale, float shift, float* y, std::int64_t n) {
  ODIN_INDEPENDENT
  for (std::int64_t i = 0; i < n; ++i) y[i] = scale * (x[i] - mean) + shift;
}

// dx += scale (dy - offset - slope (x - mean))
ODIN_MULTIVERSION
void add_gradient(const float* x, const float* dy, float mean, float scale, float offset,
                  float slope, float* dx, std::int64_t n) {
  ODIN_INDEPENDENT
  for (std::int64_t i = 0; i < n; ++i) dx[i] += scale * (dy[i] - offset - slope * (x[i] - mean));
}

// dx += scale dy
ODIN_MULTIVERSION
void add_scaled(const float* dy, float scale, float* dx, std::int64_t n) {
  ODIN_INDEPENDENT
  for (std::int64_t i = 0; i < n; ++i) dx[i] += scale * dy[i];
}

// Planes of an activation and the channels that each task takes.
struct Planes {
  std::int64_t images;
  std::int64_t channels;
  std::int64_t pixels;

  explicit Planes(const Shape& shape)
      : images(shape[0]), channels(shape[1]), pixels(shape[2] * shape[3]) {}

  std::int64_t channels_at_once() const {
    return std::clamp<std::int64_t>(kBlock / std::max<std::int64_t>(1, pixels), 1, kMaxChannels);
  }
};

// An activation of planes.
template <class T>
struct Activation {
  T* data;
  std::int64_t image_stride;
  std::int64_t pixels;

  template <class View>
  Activation(std::string_view name, const View& view)
      : data(view.template data<float>()),
        image_stride(rows_of(name, view).stride),
        pixels(view.shape()[2] * view.shape()[3]) {}

  T* plane(std::int64_t n, std::int64_t c) const { return data + n * image_stride + c * pixels; }
};
using Input = Activation<const float>;
using Output = Activation<float>;

// Calls task(first, last) for groups of channels.
template <class Task>
void for_each_group(ThreadPool& pool, const Planes& planes, Task&& task) {
  const std::int64_t group = planes.channels_at_once();
  pool.run((planes.channels + group - 1) / group, [&](std::int64_t index, int) {
    task(index * group, std::min(planes.channels, (index + 1) * group));
  });
}

// Calls f(n, c) for the planes of channels [first, last), in the order in which they lie in memory.
template <class Function>
void for_each_plane(const Planes& planes, std::int64_t first, std::int64_t last, Function f) {
  for (std::int64_t n = 0; n < planes.images; ++n) {
    for (std::int64_t c = first; c < last; ++c) f(n, c);
  }
}

// Calls f(begin, n) for the blocks of a plane.
template <class Function>
void for_each_block(const Planes& planes, Function f) {
  for (std::int64_t begin = 0; begin < planes.pixels; begin += kBlock) {
    f(begin, std::min(kBlock, planes.pixels - begin));
  }
}

void add_parameter_gradients(const Sums& sums, double inv_std, std::int64_t c,
                             const TensorView& dgamma, const TensorView& dbeta) {
  if (wanted(dgamma)) dgamma.data<float>()[c] += static_cast<float>(sums.dy_centred * inv_std);
  if (wanted(dbeta)) dbeta.data<float>()[c] += static_cast<float>(sums.dy);
}

double inv_std_of(const float* running_var, std::int64_t c, double epsilon) {
  return 1 / std::sqrt(static_cast<double>(running_var[c]) + epsilon);
}

}  // namespace

void batch_norm_forward_training(ThreadPool& pool, const ConstTensorView& x,
                                 const ConstTensorView& gamma, const ConstTensorView& beta,
                                 double epsilon, double momentum, const TensorView& running_mean,
                                 const TensorView& running_var, const TensorView& y,
                                 const TensorView& mean, const TensorView& inv_std) {
  const Planes planes(x.shape());
  const Input in("x", x);
  const Output out("y", y);
  for_each_group(pool, planes, [&](std::int64_t first, std::int64_t last) {
    Moments moments[kMaxChannels];
    for_each_plane(planes, first, last, [&](std::int64_t n, std::int64_t c) {
      for_each_block(planes, [&](std::int64_t begin, std::int64_t count) {
        add_block(in.plane(n, c) + begin, count, moments[c - first]);
      });
    });
    for (std::int64_t c = first; c < last; ++c) {
      const Moments& m = moments[c - first];
      mean.data<float>()[c] = static_cast<float>(m.mean);
      inv_std.data<float>()[c] = static_cast<float>(1 / std::sqrt(m.squares / m.count + epsilon));
      const auto move = [=](float& running, double to) {
        running = static_cast<float>(running + momentum * (to - running));
      };
      move(running_mean.data<float>()[c], m.mean);
      move(running_var.data<float>()[c], m.squares / (m.count - 1));
    }
    for_each_plane(planes, first, last, [&](std::int64_t n, std::int64_t c) {
      normalise(in.plane(n, c), mean.data<float>()[c],
                gamma.data<float>()[c] * inv_std.data<float>()[c], beta.data<float>()[c],
                out.plane(n, c), planes.pixels);
    });
  });
}

void batch_norm_backward_training(ThreadPool& pool, const ConstTensorView& x,
                                  const ConstTensorView& dy, const ConstTensorView& gamma,
                                  const ConstTensorView& mean, const ConstTensorView& inv_std,
                                  const TensorView& dx, const TensorView& dgamma,
                                  const TensorView& dbeta) {
  const Planes planes(x.shape());
  const auto m = static_cast<double>(planes.images * planes.pixels);
  const Input in("x", x);
  const Input dout("dy", dy);
  const float* const means = mean.data<float>();
  const float* const inv_stds = inv_std.data<float>();
  for_each_group(pool, planes, [&](std::int64_t first, std::int64_t last) {
    Sums sums[kMaxChannels];
    for_each_plane(planes, first, last, [&](std::int64_t n, std::int64_t c) {
      for_each_block(planes, [&](std::int64_t begin, std::int64_t count) {
        add_block(in.plane(n, c) + begin, dout.plane(n, c) + begin, means[c], count,
                  sums[c - first]);
      });
    });
    for (std::int64_t c = first; c < last; ++c) {
      add_parameter_gradients(sums[c - first], static_cast<double>(inv_stds[c]), c, dgamma, dbeta);
    }
    if (!wanted(dx)) return;
    const Output din("dx", dx);
    for_each_plane(planes, first, last, [&](std::int64_t n, std::int64_t c) {
      const Sums& s = sums[c - first];
      const auto r = static_cast<double>(inv_stds[c]);
      add_gradient(in.plane(n, c), dout.plane(n, c), means[c], gamma.data<float>()[c] * inv_stds[c],
                   static_cast<float>(s.dy / m), static_cast<float>(s.dy_centred * r * r / m),
                   din.plane(n, c), planes.pixels);
    });
  });
}

void batch_norm_forward_evaluation(ThreadPool& pool, const ConstTensorView& x,
                                   const ConstTensorView& gamma, const ConstTensorView& beta,
                                   const ConstTensorView& running_mean,
                                   const ConstTensorView& running_var, double epsilon,
                                   const TensorView& y) {
  const Planes planes(x.shape());
  const Input in("x", x);
  const Output out("y", y);
  for_each_group(pool, planes, [&](std::int64_t first, std::int64_t last) {
    for_each_plane(planes, first, last, [&](std::int64_t n, std::int64_t c) {
      const double scale = static_cast<double>(gamma.data<float>()[c]) *
                           inv_std_of(running_var.data<float>(), c, epsilon);
      normalise(in.plane(n, c), running_mean.data<float>()[c], static_cast<float>(scale),
                beta.data<float>()[c], out.plane(n, c), planes.pixels);
    });
  });
}

void batch_norm_backward_evaluation(ThreadPool& pool, const ConstTensorView& x,
                                    const ConstTensorView& dy, const ConstTensorView& gamma,
                                    const ConstTensorView& running_mean,
                                    const ConstTensorView& running_var, double epsilon,
                                    const TensorView& dx, const TensorView& dgamma,
                                    const TensorView& dbeta) {
  const Planes planes(x.shape());
  const Input in("x", x);
  const Input dout("dy", dy);
  const bool parameters = wanted(dgamma) || wanted(dbeta);
  for_each_group(pool, planes, [&](std::int64_t first, std::int64_t last) {
    Sums sums[kMaxChannels];
    for_each_plane(planes, first, last, [&](std::int64_t n, std::int64_t c) {
      if (parameters) {
        for_each_block(planes, [&](std::int64_t begin, std::int64_t count) {
          add_block(in.plane(n, c) + begin, dout.plane(n, c) + begin, running_mean.data<float>()[c],
                    count, sums[c - first]);
        });
      }
      if (wanted(dx)) {
        const double scale = static_cast<double>(gamma.data<float>()[c]) *
                             inv_std_of(running_var.data<float>(), c, epsilon);
        add_scaled(dout.plane(n, c), static_cast<float>(scale), Output("dx", dx).plane(n, c),
                   planes.pixels);
      }
    });
    for (std::int64_t c = first; c < last; ++c) {
      add_parameter_gradients(sums[c - first], inv_std_of(running_var.data<float>(), c, epsilon), c,
                              dgamma, dbeta);
    }
  });
}

}  // namespace odin::cpu
