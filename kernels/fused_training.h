// Training steps that keep less in memory and pass over it less often than layer by layer: batch
// norm and ReLU become part of the convolutions that read them. A device may offer them
// (Backend::fused_training()); the definition is in reference/, as for the operations of Backend.
//
// A batch norm and the ReLU after it are not computed as an activation. What is kept of them is the
// batch's statistics of the channels that they read (ChannelStatistics), once per channel: in a
// dense block, where every layer normalises all channels before it, that is once instead of up to
// sixteen times.
//
// Backwards, the gradient of the statistics is linear in x: through a batch norm with
// z = scale (x - mean) + beta, scale = gamma inv_std, and with d = dz where z > 0 (else 0),
//   dx = scale d - (scale sum d / m) - (scale inv_std^2 sum(d (x - mean)) / m) (x - mean),
// m = N H W, and the sums run over the whole batch. The last two terms need the sums before they
// can be applied, which would be another pass over x and dx. So they are only noted, in
// GradientCorrection, where all layers that read a channel add to the same two numbers, and whoever
// needs dx applies them when it reads dx (finish_gradient, or the convolution that made x).
//
// What holds for Backend's operations holds here too: operands may be channel slices, an operand of
// the wrong shape or type throws Error, N = 0 does nothing, an empty gradient is not wanted.
#pragma once

#include "kernels/convolution.h"
#include "kernels/convolution_sizes.h"
#include "kernels/tensor_view.h"

namespace odin {

// Of every channel of an activation, each (C): the batch's mean and biased variance, and
// inv_std = 1 / sqrt(variance + epsilon).
struct ChannelStatistics {
  TensorView mean;
  TensorView variance;
  TensorView inv_std;
};

// A batch norm with a ReLU: h = relu(gamma (x - mean) inv_std + beta), each (C).
struct NormalisedInput {
  ConstTensorView x;  // (N, C, H, W)
  ConstTensorView gamma;
  ConstTensorView beta;
  ConstTensorView mean;
  ConstTensorView inv_std;
};

// The part of the gradient of x that is noted and not yet applied, each (C): the gradient is
// dx - offset - slope (x - mean).
struct GradientCorrection {
  TensorView offset;
  TensorView slope;
};

// The gradients of NormalisedInput.
struct NormalisedGradients {
  TensorView dx;                  // wanted
  bool add = true;                // false: dx is written, whatever it held
  GradientCorrection correction;  // of x; added to
  TensorView dgamma;              // added to
  TensorView dbeta;
};

// The gradient of a convolution's result y, whose correction is still to be applied. The other
// views are empty if there is none.
struct ResultGradient {
  TensorView dy;  // (N, O, H', W'); what it holds afterwards is not defined
  ConstTensorView y;
  ConstTensorView mean;  // of y
  ConstTensorView offset;
  ConstTensorView slope;
};

// The steps as each device defines them: do_NAME has the signature of NAME, and the operands are
// checked and not empty. A macro for the same reason as ODIN_DEVICE_OPERATIONS (backend.h).
#define ODIN_FUSED_TRAINING_STEPS(specifier)                                                       \
  virtual void do_channel_statistics(ConstTensorView x, double epsilon,                            \
                                     const ChannelStatistics& statistics) specifier;               \
  virtual void do_move_running_statistics(                                                         \
      ConstTensorView mean, ConstTensorView variance, std::int64_t count, double momentum,         \
      TensorView running_mean, TensorView running_var) specifier;                                  \
  virtual void do_convolution_forward(                                                             \
      const ConvolutionGeometry& geometry, const NormalisedInput& in, ConstTensorView w,           \
      TensorView y, double epsilon, const ChannelStatistics& statistics) specifier;                \
  virtual void do_convolution_backward(                                                            \
      const ConvolutionGeometry& geometry, const NormalisedInput& in, ConstTensorView w,           \
      const ResultGradient& out, TensorView dw, const NormalisedGradients& gradients) specifier;   \
  virtual void do_finish_gradient(ConstTensorView x, ConstTensorView mean, ConstTensorView offset, \
                                  ConstTensorView slope, TensorView dx) specifier;

class FusedTraining {
 public:
  virtual ~FusedTraining() = default;

  // Throws Error if x has fewer than two elements per channel.
  void channel_statistics(ConstTensorView x, double epsilon, const ChannelStatistics& statistics);
  // running_mean and running_var (C) move by `momentum`, in [0, 1], towards the batch's mean and
  // UNBIASED variance; `count` >= 2 is N H W of the batch. All vectors are dense.
  void move_running_statistics(ConstTensorView mean, ConstTensorView variance, std::int64_t count,
                               double momentum, TensorView running_mean, TensorView running_var);
  // y = the convolution of h with w (O, C, k, k). If `statistics` are given, they become those of
  // y.
  void convolution_forward(const ConvolutionGeometry& geometry, const NormalisedInput& in,
                           ConstTensorView w, TensorView y, double epsilon,
                           const ChannelStatistics& statistics);
  // Applies the correction of out.dy; then dw += the gradient in w, and the gradients of the
  // normalised input as above.
  void convolution_backward(const ConvolutionGeometry& geometry, const NormalisedInput& in,
                            ConstTensorView w, const ResultGradient& out, TensorView dw,
                            const NormalisedGradients& gradients);
  // dx -= offset + slope (x - mean)
  void finish_gradient(ConstTensorView x, ConstTensorView mean, ConstTensorView offset,
                       ConstTensorView slope, TensorView dx);

 private:
  ODIN_FUSED_TRAINING_STEPS(= 0)
};

}  // namespace odin
