// The convolutions of an evaluation plan, with fixed weights, prologue and epilogue.
#pragma once

#include <cstddef>
#include <memory>

#include "kernels/cuda/convolution.h"
#include "kernels/plan.h"

namespace odin::cuda {

// Where a batch runs: its stream, and memory that nothing else uses meanwhile.
struct Lane {
  Stream stream = nullptr;
  void* workspace = nullptr;
  std::size_t workspace_bytes = 0;
};

class PlanConvolutionRunner {
 public:
  virtual ~PlanConvolutionRunner() = default;

  // y = epilogue(convolution(prologue(x))), plus the residual, which is empty where there is none.
  virtual void forward(ConstView x, ConstView residual, View y, const Lane& lane) = 0;
  // dx (+)= the gradient in x through the convolution and the prologue, given that before the
  // closing ReLU. `mask_by_input`: where there is no prologue, masked by x > 0. x is read only for a
  // mask.
  virtual void backward(ConstView dy, ConstView x, bool mask_by_input, bool accumulate, View dx,
                        const Lane& lane) = 0;
  // Bytes of Lane::workspace wanted for a batch of images of the input's size.
  virtual std::size_t workspace_bytes(int images) const = 0;
};

// How a plan stores and multiplies.
struct PlanArithmetic {
  Element element = Element::kFloat;  // of activations and gradients; the image's are always float
  Multiply multiply = Multiply::kFloat;
};

// Our own kernels. `image`: the input is the image, whose values and gradient are float. Weights
// are on the device when this returns.
std::unique_ptr<PlanConvolutionRunner> make_own_plan_convolution(const PlanConvolution& step,
                                                                 const PlanArithmetic& arithmetic,
                                                                 bool image, Stream stream);
// The same on cuDNN: fused into one of its graphs, or with our kernels around its convolution,
// whichever is faster, measured once for each shape. The image's convolution is our own.
std::unique_ptr<PlanConvolutionRunner> make_cudnn_plan_convolution(const PlanConvolution& step,
                                                                   const PlanArithmetic& arithmetic,
                                                                   bool image, Stream stream);

}  // namespace odin::cuda
