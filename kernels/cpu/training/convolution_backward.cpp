// The backward pass of a convolution of a normalised input, and what it leaves to be applied later.
#include <algorithm>

#include "kernels/cpu/batch_norm_loops.h"
#include "kernels/cpu/images.h"
#include "kernels/cpu/memory.h"
#include "kernels/cpu/training/fused_training.h"

namespace odin::cpu {
namespace {

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

// One call of do_convolution_backward. A thread carries images through all of it but, where the
// sums are large, the gradient in the weights.
class CpuFusedTraining::BackwardPass {
 public:
  BackwardPass(CpuFusedTraining& own, const ConvolutionGeometry& geometry,
               const NormalisedInput& in, ConstTensorView w, const ResultGradient& out,
               const NormalisedGradients& gradients)
      : own_(own),
        in_(in),
        out_(out),
        gradients_(gradients),
        sizes_(convolution_sizes(geometry, in.x.shape(), w.shape())),
        pixels_(pixels_of(in.x)),
        prologue_(own.prologue_of(in)),
        weights_(kPass, sizes_, own.algorithm_, own.kernels_, w.data<float>(), own.packed_,
                 own.pool_),
        convolution_(kPass, sizes_, own.kernels_, own.blocks_, weights_),
        x_(images_of("x", in.x)),
        dx_(images_of("dx", gradients.dx)),
        y_(images_of("y", out.y)),
        dy_(images_of("dy", out.dy)) {
    own_.open_sums_.resize(static_cast<std::size_t>(sizes_.images * sizes_.in_channels));
  }

  // dw may be empty: not wanted.
  void run(TensorView dw) {
    if (dw.raw() == nullptr) {
      pass_all();
    } else {
      FilterSums filter(sizes_, own_.algorithm_, prologue_, own_.kernels_, own_.filter_,
                        own_.pool_);
      if (filter.in_parts()) {
        own_.pool_.run(filter.parts(), [&](std::int64_t part, int worker) {
          float* const sums = filter.clear_part(part);
          pass(filter.first_image(part), filter.first_image(part + 1), worker, sums);
          if (!is_pointwise(sizes_)) filter.add_part(part, worker, x_, gradient_of_result());
        });
      } else {
        pass_all();
        filter.add_all(x_, gradient_of_result());
      }
      filter.add_to(dw.data<float>());
    }
    note_sums();
  }

 private:
  static constexpr auto kPass = ConvolutionPass::kBackwardData;

  Images<const float> gradient_of_result() const { return dy_; }

  void pass_all() {
    own_.pool_.run_chunks(sizes_.images, images_at_once(sizes_, own_.blocks_),
                          [&](std::int64_t first, std::int64_t end, int worker) {
                            pass(first, end, worker, nullptr);
                          });
  }

  // All of it for images [first, end) but the gradient in the weights. That of a 1x1 convolution is
  // added to filter_sums, unless null.
  void pass(std::int64_t first, std::int64_t end, int worker, float* filter_sums) {
    if (is_pointwise(sizes_)) {
      pass_pointwise(first, end, worker, filter_sums);
      return;
    }
    const std::int64_t group = images_at_once(sizes_, own_.blocks_);
    for (std::int64_t n = first; n < end; n += group) {
      const std::int64_t count = std::min(group, end - n);
      finish_result(n, count);
      pass_group(n, count, worker);
    }
  }

  // Applies the correction of dy.
  void finish_result(std::int64_t first, std::int64_t count) {
    if (out_.offset.raw() == nullptr) return;
    const Correction correction{out_.mean.data<float>(), out_.offset.data<float>(),
                                out_.slope.data<float>()};
    for (std::int64_t n = first; n < first + count; ++n) {
      correction.apply(y_.image(n), sizes_.out_channels, pixels_of(out_.y), dy_.image(n));
    }
  }

  // Where the gradient of h goes, with the thread's sums of it.
  OpenGradient open_gradient(std::int64_t first, std::int64_t count, Worker& own) const {
    return {.x = planes_of(x_ + first, pixels_),
            .scale = prologue_.scale,
            .shift = prologue_.shift,
            .mean = in_.mean.data<float>(),
            .dx = planes_of(dx_ + first, pixels_),
            .add = gradients_.add,
            .sums = own.results.floats(2 * count * sizes_.in_channels)};
  }
  void keep_sums(std::int64_t first, std::int64_t count, const float* sums) {
    const std::int64_t channels = sizes_.in_channels;
    for (std::int64_t n = first; n < first + count; ++n, sums += 2 * channels) {
      for (std::int64_t c = 0; c < channels; ++c) sums_of(n, c) = {sums[c], sums[channels + c]};
    }
  }

  // Where planes are not whole vectors, or the convolution is not Winograd's, the gradient of h
  // stays in the thread's memory; from there it goes to dx and into the sums.
  void pass_group(std::int64_t first, std::int64_t count, int worker) {
    Worker& own = own_.workers_[static_cast<std::size_t>(worker)];
    if (convolution_.passes_on()) {
      const OpenGradient open = open_gradient(first, count, own);
      convolution_.pass_on(own.convolution, count, dy_ + first, open);
      return keep_sums(first, count, open.sums);
    }
    const std::int64_t channels = sizes_.in_channels;
    const std::int64_t plane = padded_plane(pixels_);
    float* const dh = own.results.floats(count * channels * plane);
    convolution_.run(own.convolution, count, dy_ + first, {}, {dh, channels * plane}, plane);
    for (std::int64_t n = first; n < first + count; ++n) {
      for (std::int64_t c = 0; c < channels; ++c) {
        sums_of(n, c) = pass_plane(dh + ((n - first) * channels + c) * plane, n, c);
      }
    }
  }

  // Passes a plane of the gradient of h on to dx. Returns the sums over its open part.
  OpenSums pass_plane(const float* dh, std::int64_t n, std::int64_t c) const {
    const float* const x = x_.plane(n, c, pixels_);
    float* const dx = dx_.plane(n, c, pixels_);
    const float mean = in_.mean.data<float>()[c];
    Sums sums;
    for_each_block(pixels_, [&](auto at, auto length) {
      if (gradients_.add) {
        add_open(x + at, dh + at, mean, prologue_.scale[c], prologue_.shift[c], dx + at, length,
                 sums);
      } else {
        set_open(x + at, dh + at, mean, prologue_.scale[c], prologue_.shift[c], dx + at, length,
                 sums);
      }
    });
    return {sums.u.total(), sums.uv.total()};
  }

  void pass_pointwise(std::int64_t first, std::int64_t end, int worker, float* filter_sums) {
    Worker& own = own_.workers_[static_cast<std::size_t>(worker)];
    PointwiseGradientTask task;
    task.images = static_cast<int>(end - first);
    task.in_channels = static_cast<int>(sizes_.in_channels);
    task.out_channels = static_cast<int>(sizes_.out_channels);
    task.pixels = static_cast<long>(pixels_);
    task.open = open_gradient(first, end - first, own);
    task.gradient = planes_of(dy_ + first, pixels_);
    if (out_.offset.raw() != nullptr) {
      task.out = planes_of(y_ + first, pixels_);
      task.out_mean = out_.mean.data<float>();
      task.out_offset = out_.offset.data<float>();
      task.out_slope = out_.slope.data<float>();
    }
    task.weights = weights_.data();
    task.sums = filter_sums;
    const PointwiseGradientKernel& kernel = own_.kernels_.pointwise_gradient;
    task.workspace = own.convolution.workspace.floats(kernel.workspace(task));
    kernel.run(task);
    keep_sums(first, end - first, task.open.sums);
  }

  // The gradients of the batch norm's parameters, and the part of dx that needs all images.
  void note_sums() {
    const std::int64_t channels = sizes_.in_channels;
    const auto m = static_cast<double>(sizes_.images * pixels_);
    const auto add = [](float& to, double value) { to = static_cast<float>(to + value); };
    for (std::int64_t c = 0; c < channels; ++c) {
      OpenSums total;
      for (std::int64_t n = 0; n < sizes_.images; ++n) {
        total.d += sums_of(n, c).d;
        total.d_centred += sums_of(n, c).d_centred;
      }
      const double inv_std = in_.inv_std.data<float>()[c];
      const double scale = prologue_.scale[c];
      add(gradients_.correction.offset.data<float>()[c], scale * total.d / m);
      add(gradients_.correction.slope.data<float>()[c],
          scale * inv_std * inv_std * total.d_centred / m);
      if (gradients_.dgamma.raw() != nullptr) {
        add(gradients_.dgamma.data<float>()[c], total.d_centred * inv_std);
      }
      if (gradients_.dbeta.raw() != nullptr) add(gradients_.dbeta.data<float>()[c], total.d);
    }
  }

  OpenSums& sums_of(std::int64_t n, std::int64_t c) {
    return own_.open_sums_[static_cast<std::size_t>(n * sizes_.in_channels + c)];
  }

  CpuFusedTraining& own_;
  const NormalisedInput& in_;
  const ResultGradient& out_;
  const NormalisedGradients& gradients_;
  ConvolutionSizes sizes_;
  std::int64_t pixels_;  // of a plane of x
  Prologue prologue_;
  PackedWeights weights_;
  ImageConvolution convolution_;
  Images<const float> x_;
  Images<float> dx_;
  Images<const float> y_;  // empty without a correction of dy
  Images<float> dy_;
};

void CpuFusedTraining::do_convolution_backward(const ConvolutionGeometry& geometry,
                                               const NormalisedInput& in, ConstTensorView w,
                                               const ResultGradient& out, TensorView dw,
                                               const NormalisedGradients& gradients) {
  BackwardPass(*this, geometry, in, w, out, gradients).run(dw);
}

void CpuFusedTraining::do_finish_gradient(ConstTensorView x, ConstTensorView mean,
                                          ConstTensorView offset, ConstTensorView slope,
                                          TensorView dx) {
  const auto in = images_of("x", x);
  const auto gradient = images_of("dx", dx);
  const Correction correction{mean.data<float>(), offset.data<float>(), slope.data<float>()};
  pool_.run(x.shape()[0], [&](std::int64_t n, int) {
    correction.apply(in.image(n), x.shape()[1], pixels_of(x), gradient.image(n));
  });
}

}  // namespace odin::cpu
