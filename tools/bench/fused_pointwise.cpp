#include "tools/bench/fused_pointwise.h"

#include <algorithm>
#include <utility>

#include "kernels/cpu/convolution_task.h"
#include "tools/bench/padded_planes.h"
#include "tools/bench/relative_error.h"

namespace odin::bench {

FusedPointwise::FusedPointwise(const Problem& problem, const cpu::KernelTable& kernels)
    : problem_(problem), kernels_(kernels), run_(kernels.pointwise.run) {
  const Shape& s = problem.shape;
  // Powers of two: their products are exact, so that rounding opens or closes no ReLU.
  for (int c = 0; c < s.in; ++c) scale_.push_back(c % 2 == 0 ? 0.5f : -2.0f);
  shift_ = random_values(as_size(s.in), 0.5);
  bias_ = random_values(as_size(s.out), 0.5);
  forward_weights_ = pack(false);
  backward_weights_ = pack(true);

  forward_.images = s.images;
  forward_.in_channels = s.in;
  forward_.out_channels = s.out;
  forward_.in_height = forward_.in_width = forward_.out_height = forward_.out_width = s.size;
  backward_ = forward_;
  std::swap(backward_.in_channels, backward_.out_channels);

  forward_.load = cpu::Load::kNormalise;
  forward_.scale = scale_.data();
  forward_.shift = shift_.data();
  forward_.store = cpu::Store::kRelu;
  forward_.bias = bias_.data();
  forward_.weights = forward_weights_.data();
  const int pixels = s.size * s.size;
  in_ = allocate_planes(s.images, s.in, pixels, forward_.in);
  out_ = allocate_planes(s.images, s.out, pixels, forward_.out);
  in_mask_ = allocate_mask(forward_.in, s.in, forward_.in_mask);
  out_mask_ = allocate_mask(forward_.out, s.out, forward_.out_mask);
  copy_planes(problem.x, s.images, s.in, pixels, forward_.in);

  backward_.load = cpu::Load::kMasked;
  backward_.store = cpu::Store::kMaskedAdd;
  backward_.weights = backward_weights_.data();
  gradient_ = allocate_planes(s.images, s.out, pixels, backward_.in);
  in_gradient_ = allocate_planes(s.images, s.in, pixels, backward_.out);
  backward_.in_mask = forward_.out_mask;
  backward_.out_mask = forward_.in_mask;
  copy_planes(problem.dy, s.images, s.out, pixels, backward_.in);

  const long floats =
      std::max(kernels.pointwise.workspace(forward_), kernels.pointwise.workspace(backward_));
  workspace_ = cpu::FloatMemory(as_size(floats));
  forward_.workspace = backward_.workspace = workspace_.data();
}

cpu::FloatMemory FusedPointwise::allocate_mask(const cpu::Planes& of, int channels,
                                               cpu::MaskPlanes& mask) const {
  mask.plane = of.plane / kernels_.lanes;
  mask.image = mask.plane * channels;
  const std::int64_t bytes = mask.image * problem_.shape.images * kernels_.word_bytes;
  cpu::FloatMemory memory(as_size(bytes / static_cast<std::int64_t>(sizeof(float)) + 1));
  mask.data = memory.data();
  return memory;
}

cpu::FloatMemory FusedPointwise::pack(bool backward) const {
  cpu::WeightMatrix matrix =
      cpu::weight_matrix(backward ? ConvolutionPass::kBackwardData : ConvolutionPass::kForward,
                         problem_.shape.sizes(), false, problem_.w.data());
  if (backward) matrix.row_scale = scale_.data();
  cpu::FloatMemory packed(as_size(cpu::packed_floats(matrix, false)));
  kernels_.pack(matrix, packed.data());
  return packed;
}

double FusedPointwise::hidden(int channel, int pixel) const {
  const int pixels = problem_.shape.size * problem_.shape.size;
  const double x = problem_.x[as_size(channel * pixels + pixel)];
  return std::max(0.0, scale_[as_size(channel)] * x + shift_[as_size(channel)]);
}

double FusedPointwise::forward_error() const {
  const Shape& s = problem_.shape;
  forward();
  RelativeError error;
  for (int o = 0; o < s.out; ++o) {
    for (int p = 0; p < s.size * s.size; ++p) {
      double y = bias_[as_size(o)];
      for (int c = 0; c < s.in; ++c) y += problem_.w[as_size(o * s.in + c)] * hidden(c, p);
      y = std::max(0.0, y);
      error.add(forward_.out.data[o * forward_.out.plane + p], y);
    }
  }
  return error.value();
}

double FusedPointwise::backward_error() const {
  const Shape& s = problem_.shape;
  const int pixels = s.size * s.size;
  std::fill_n(in_gradient_.data(), in_gradient_.size(), 1.0f);
  forward();
  backward();
  RelativeError error;
  for (int c = 0; c < s.in; ++c) {
    for (int p = 0; p < pixels; ++p) {
      double dx = 0;
      for (int o = 0; o < s.out && hidden(c, p) > 0; ++o) {
        if (forward_.out.data[o * forward_.out.plane + p] > 0) {
          dx += double{problem_.w[as_size(o * s.in + c)]} * problem_.dy[as_size(o * pixels + p)];
        }
      }
      dx = 1 + scale_[as_size(c)] * dx;
      error.add(backward_.out.data[c * backward_.out.plane + p], dx);
    }
  }
  return error.value();
}

}  // namespace odin::bench
