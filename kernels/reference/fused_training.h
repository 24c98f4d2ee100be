// The definition of kernels/fused_training.h: each step is put together from the operations that it
// fuses.
#pragma once

#include "kernels/backend.h"
#include "kernels/fused_training.h"

namespace odin::reference {

class ReferenceFusedTraining final : public FusedTraining {
 public:
  // The back end must outlive this.
  explicit ReferenceFusedTraining(Backend& backend) : backend_(backend) {}

 private:
  void do_channel_statistics(ConstTensorView x, double epsilon,
                             const ChannelStatistics& statistics) override;
  void do_move_running_statistics(ConstTensorView mean, ConstTensorView variance,
                                  std::int64_t count, double momentum, TensorView running_mean,
                                  TensorView running_var) override;
  void do_convolution_forward(const ConvolutionGeometry& geometry, const NormalisedInput& in,
                              ConstTensorView w, TensorView y, double epsilon,
                              const ChannelStatistics& statistics) override;
  void do_convolution_backward(const ConvolutionGeometry& geometry, const NormalisedInput& in,
                               ConstTensorView w, const ResultGradient& out, TensorView dw,
                               const NormalisedGradients& gradients) override;
  void do_finish_gradient(ConstTensorView x, ConstTensorView mean, ConstTensorView offset,
                          ConstTensorView slope, TensorView dx) override;

  Backend& backend_;
};

}  // namespace odin::reference
