#include <cmath>

#include "kernels/reference/backend.h"

namespace odin::reference {
namespace {

// Calls f(n, i, j) for every element of a channel.
template <class Function>
void for_each_in_channel(const Shape& shape, Function f) {
  for (std::int64_t n = 0; n < shape[0]; ++n) {
    for (std::int64_t i = 0; i < shape[2]; ++i) {
      for (std::int64_t j = 0; j < shape[3]; ++j) f(n, i, j);
    }
  }
}

// sum dy and sum dy x^ of a channel: its dbeta and dgamma.
struct ChannelSums {
  double dy = 0;
  double dy_normalised = 0;
};

// gradient(n, i, j) is dy.
template <class Gradient>
ChannelSums channel_sums(const ConstTensorView& x, std::int64_t c, double mean, double inv_std,
                         Gradient gradient) {
  const auto in = x.elements<double>();
  ChannelSums sums;
  for_each_in_channel(x.shape(), [&](auto n, auto i, auto j) {
    const double dy = gradient(n, i, j);
    sums.dy += dy;
    sums.dy_normalised += dy * (in(n, c, i, j) - mean) * inv_std;
  });
  return sums;
}

void add_parameter_gradients(const ChannelSums& sums, std::int64_t c, const TensorView& dgamma,
                             const TensorView& dbeta) {
  if (wanted(dgamma)) dgamma.elements<double>()(c) += sums.dy_normalised;
  if (wanted(dbeta)) dbeta.elements<double>()(c) += sums.dy;
}

}  // namespace

void ReferenceBackend::do_batch_norm_forward_training(ConstTensorView x, ConstTensorView gamma,
                                                      ConstTensorView beta, double epsilon,
                                                      double momentum, bool relu,
                                                      TensorView running_mean,
                                                      TensorView running_var, TensorView y,
                                                      TensorView mean, TensorView inv_std) {
  const Shape& shape = x.shape();
  const auto in = x.elements<double>();
  const auto out = y.elements<double>();
  const auto m = static_cast<double>(shape[0] * shape[2] * shape[3]);
  for (std::int64_t c = 0; c < shape[1]; ++c) {
    double sum = 0;
    for_each_in_channel(shape, [&](auto n, auto i, auto j) { sum += in(n, c, i, j); });
    const double channel_mean = sum / m;
    double squares = 0;
    for_each_in_channel(shape, [&](auto n, auto i, auto j) {
      const double centred = in(n, c, i, j) - channel_mean;
      squares += centred * centred;
    });
    const double channel_inv_std = 1 / std::sqrt(squares / m + epsilon);
    mean.elements<double>()(c) = channel_mean;
    inv_std.elements<double>()(c) = channel_inv_std;
    double& running_m = running_mean.elements<double>()(c);
    running_m += momentum * (channel_mean - running_m);
    double& running_v = running_var.elements<double>()(c);
    running_v += momentum * (squares / (m - 1) - running_v);
    const double scale = gamma.elements<double>()(c) * channel_inv_std;
    const double shift = beta.elements<double>()(c);
    for_each_in_channel(shape, [&](auto n, auto i, auto j) {
      const double z = scale * (in(n, c, i, j) - channel_mean) + shift;
      out(n, c, i, j) = relu && z < 0 ? 0 : z;
    });
  }
}

void ReferenceBackend::do_batch_norm_backward_training(ConstTensorView x, ConstTensorView dy,
                                                       ConstTensorView gamma, ConstTensorView beta,
                                                       ConstTensorView mean,
                                                       ConstTensorView inv_std, bool relu,
                                                       TensorView dx, TensorView dgamma,
                                                       TensorView dbeta) {
  const Shape& shape = x.shape();
  const auto in = x.elements<double>();
  const auto dout = dy.elements<double>();
  const auto m = static_cast<double>(shape[0] * shape[2] * shape[3]);
  for (std::int64_t c = 0; c < shape[1]; ++c) {
    const double channel_mean = mean.elements<double>()(c);
    const double channel_inv_std = inv_std.elements<double>()(c);
    const double scale = gamma.elements<double>()(c) * channel_inv_std;
    const double shift = beta.elements<double>()(c);
    // dy, through the ReLU.
    const auto gradient = [&](auto n, auto i, auto j) {
      const bool closed = relu && scale * (in(n, c, i, j) - channel_mean) + shift <= 0;
      return closed ? 0 : dout(n, c, i, j);
    };
    const ChannelSums sums = channel_sums(x, c, channel_mean, channel_inv_std, gradient);
    add_parameter_gradients(sums, c, dgamma, dbeta);
    if (!wanted(dx)) continue;
    const auto din = dx.elements<double>();
    for_each_in_channel(shape, [&](auto n, auto i, auto j) {
      const double normalised = (in(n, c, i, j) - channel_mean) * channel_inv_std;
      din(n, c, i, j) +=
          scale * (gradient(n, i, j) - sums.dy / m - normalised * sums.dy_normalised / m);
    });
  }
}

void ReferenceBackend::do_batch_norm_forward_evaluation(ConstTensorView x, ConstTensorView gamma,
                                                        ConstTensorView beta,
                                                        ConstTensorView running_mean,
                                                        ConstTensorView running_var, double epsilon,
                                                        TensorView y) {
  const auto in = x.elements<double>();
  const auto out = y.elements<double>();
  for (std::int64_t c = 0; c < x.shape()[1]; ++c) {
    const double mean = running_mean.elements<double>()(c);
    const double inv_std = 1 / std::sqrt(running_var.elements<double>()(c) + epsilon);
    const double scale = gamma.elements<double>()(c) * inv_std;
    const double shift = beta.elements<double>()(c);
    for_each_in_channel(x.shape(), [&](auto n, auto i, auto j) {
      out(n, c, i, j) = scale * (in(n, c, i, j) - mean) + shift;
    });
  }
}

void ReferenceBackend::do_batch_norm_backward_evaluation(ConstTensorView x, ConstTensorView dy,
                                                         ConstTensorView gamma,
                                                         ConstTensorView running_mean,
                                                         ConstTensorView running_var,
                                                         double epsilon, TensorView dx,
                                                         TensorView dgamma, TensorView dbeta) {
  const auto dout = dy.elements<double>();
  for (std::int64_t c = 0; c < x.shape()[1]; ++c) {
    const double mean = running_mean.elements<double>()(c);
    const double inv_std = 1 / std::sqrt(running_var.elements<double>()(c) + epsilon);
    const auto gradient = [&](auto n, auto i, auto j) { return dout(n, c, i, j); };
    add_parameter_gradients(channel_sums(x, c, mean, inv_std, gradient), c, dgamma, dbeta);
    if (!wanted(dx)) continue;
    const auto din = dx.elements<double>();
    const double scale = gamma.elements<double>()(c) * inv_std;
    for_each_in_channel(
        x.shape(), [&](auto n, auto i, auto j) { din(n, c, i, j) += scale * dout(n, c, i, j); });
  }
}

}  // namespace odin::reference
