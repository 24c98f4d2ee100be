#include "kernels/reference/fused_training.h"

#include <cmath>
#include <vector>

#include "kernels/reference/loops.h"

namespace odin::reference {
namespace {

// A dense activation of its own.
struct Temporary {
  explicit Temporary(const Shape& shape)
      : values(static_cast<std::size_t>(shape.numel())), view(values.data(), shape) {}
  std::vector<double> values;
  TensorView view;
};

// z = gamma (x - mean) inv_std + beta of every element: f(z, n, c, i, j).
template <class Function>
void for_each_normalised(const NormalisedInput& in, Function f) {
  const auto x = in.x.elements<double>();
  const auto gamma = in.gamma.elements<double>();
  const auto beta = in.beta.elements<double>();
  const auto mean = in.mean.elements<double>();
  const auto inv_std = in.inv_std.elements<double>();
  for_each(in.x.shape(), [&](auto n, auto c, auto i, auto j) {
    f(gamma(c) * inv_std(c) * (x(n, c, i, j) - mean(c)) + beta(c), n, c, i, j);
  });
}

Temporary normalised(const NormalisedInput& in) {
  Temporary h(in.x.shape());
  const auto out = h.view.elements<double>();
  for_each_normalised(in, [&](double z, auto... at) { out(at...) = z < 0 ? 0 : z; });
  return h;
}

}  // namespace

void ReferenceFusedTraining::do_channel_statistics(ConstTensorView x, double epsilon,
                                                   const ChannelStatistics& statistics) {
  const auto in = x.elements<double>();
  const auto mean = statistics.mean.elements<double>();
  const auto variance = statistics.variance.elements<double>();
  const Shape& shape = x.shape();
  const auto m = static_cast<double>(shape[0] * shape[2] * shape[3]);
  for (std::int64_t c = 0; c < shape[1]; ++c) mean(c) = variance(c) = 0;
  for_each(shape, [&](auto n, auto c, auto i, auto j) { mean(c) += in(n, c, i, j) / m; });
  for_each(shape, [&](auto n, auto c, auto i, auto j) {
    const double centred = in(n, c, i, j) - mean(c);
    variance(c) += centred * centred / m;
  });
  for (std::int64_t c = 0; c < shape[1]; ++c) {
    statistics.inv_std.elements<double>()(c) = 1 / std::sqrt(variance(c) + epsilon);
  }
}

void ReferenceFusedTraining::do_move_running_statistics(ConstTensorView mean,
                                                        ConstTensorView variance,
                                                        std::int64_t count, double momentum,
                                                        TensorView running_mean,
                                                        TensorView running_var) {
  const auto m = static_cast<double>(count);
  for (std::int64_t c = 0; c < mean.numel(); ++c) {
    double& running_m = running_mean.elements<double>()(c);
    double& running_v = running_var.elements<double>()(c);
    running_m += momentum * (mean.elements<double>()(c) - running_m);
    running_v += momentum * (variance.elements<double>()(c) * m / (m - 1) - running_v);
  }
}

void ReferenceFusedTraining::do_convolution_forward(const ConvolutionGeometry& geometry,
                                                    const NormalisedInput& in, ConstTensorView w,
                                                    TensorView y, double epsilon,
                                                    const ChannelStatistics& statistics) {
  backend_.convolution_forward(geometry, normalised(in).view, w, y);
  if (wanted(statistics.mean)) channel_statistics(y, epsilon, statistics);
}

void ReferenceFusedTraining::do_convolution_backward(const ConvolutionGeometry& geometry,
                                                     const NormalisedInput& in, ConstTensorView w,
                                                     const ResultGradient& out, TensorView dw,
                                                     const NormalisedGradients& gradients) {
  if (wanted(out.offset)) finish_gradient(out.y, out.mean, out.offset, out.slope, out.dy);
  backend_.convolution_backward_filter(geometry, normalised(in).view, out.dy, dw);
  Temporary dh(in.x.shape());
  backend_.convolution_backward_data(geometry, out.dy, w, dh.view);

  const Shape& shape = in.x.shape();
  const auto m = static_cast<double>(shape[0] * shape[2] * shape[3]);
  const auto x = in.x.elements<double>();
  const auto mean = in.mean.elements<double>();
  const auto inv_std = in.inv_std.elements<double>();
  const auto d = dh.view.elements<double>();
  const auto dx = gradients.dx.elements<double>();
  std::vector<double> sums(static_cast<std::size_t>(shape[1]));
  std::vector<double> centred_sums(sums.size());
  for_each_normalised(in, [&](double z, auto n, auto c, auto i, auto j) {
    const double open = z > 0 ? d(n, c, i, j) : 0;
    sums[static_cast<std::size_t>(c)] += open;
    centred_sums[static_cast<std::size_t>(c)] += open * (x(n, c, i, j) - mean(c));
    const double before = gradients.add ? dx(n, c, i, j) : 0;
    dx(n, c, i, j) = before + in.gamma.elements<double>()(c) * inv_std(c) * open;
  });
  for (std::int64_t c = 0; c < shape[1]; ++c) {
    const double sum = sums[static_cast<std::size_t>(c)];
    const double centred = centred_sums[static_cast<std::size_t>(c)];
    const double scale = in.gamma.elements<double>()(c) * inv_std(c);
    gradients.correction.offset.elements<double>()(c) += scale * sum / m;
    gradients.correction.slope.elements<double>()(c) +=
        scale * inv_std(c) * inv_std(c) * centred / m;
    if (wanted(gradients.dgamma)) gradients.dgamma.elements<double>()(c) += centred * inv_std(c);
    if (wanted(gradients.dbeta)) gradients.dbeta.elements<double>()(c) += sum;
  }
}

void ReferenceFusedTraining::do_finish_gradient(ConstTensorView x, ConstTensorView mean,
                                                ConstTensorView offset, ConstTensorView slope,
                                                TensorView dx) {
  const auto in = x.elements<double>();
  const auto gradient = dx.elements<double>();
  for_each(x.shape(), [&](auto n, auto c, auto i, auto j) {
    gradient(n, c, i, j) -=
        offset.elements<double>()(c) +
        slope.elements<double>()(c) * (in(n, c, i, j) - mean.elements<double>()(c));
  });
}

}  // namespace odin::reference
