// The convolutions of an evaluation plan, with fixed weights, prologue and epilogue.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "kernels/cuda/conv/convolution.h"
#include "kernels/cuda/runtime/stream.h"
#include "kernels/plan.h"
#include "kernels/precision.h"

namespace odin::cuda {

// Masks that a forward pass writes; those that are not wanted are empty.
struct StepMasks {
  ReluMask input;   // of the prologue's ReLU
  ReluMask output;  // of the closing ReLU
};

class PlanConvolutionRunner {
 public:
  virtual ~PlanConvolutionRunner() = default;

  // Whether forward() can write the masks of its prologue's and of its closing ReLU, and backward()
  // read one.
  virtual bool keeps_input_mask() const = 0;
  virtual bool keeps_output_mask() const = 0;
  // y = epilogue(convolution(prologue(x))), plus the residual, which is empty where there is none.
  // Writes the masks that are given.
  virtual void forward(ConstView x, ConstView residual, View y, const StepMasks& masks,
                       const Lane& lane) = 0;
  // dx (+)= the gradient in x through the convolution and the prologue, given that before the
  // closing ReLU. `mask_by_input`: where there is no prologue, masked by x > 0. x is read only where
  // its sign is wanted and no mask is given.
  virtual void backward(ConstView dy, ConstView x, ReluMask mask, bool mask_by_input,
                        bool accumulate, View dx, const Lane& lane) = 0;
  // Bytes of Lane::workspace that it needs for a batch of so many pixels of its input.
  virtual std::size_t workspace_bytes(std::size_t input_pixels) const = 0;
};

// Makes the runner of one step. `image`: its input is the image, whose values and gradient are
// float. Weights are on the device when it returns.
using PlanConvolutionMaker = std::function<std::unique_ptr<PlanConvolutionRunner>(
    const PlanConvolution& step, bool image, Stream stream)>;

// Our own kernels: of the version wherever that can run, else what kAuto takes.
PlanConvolutionMaker own_plan_convolutions(Precision precision, ConvolutionVersion version);
// cuDNN's and cuBLAS's, fused into one of cuDNN's graphs or with our kernels around them, whichever
// is faster, measured once for each shape. A float image beside half precision is left to our own.
PlanConvolutionMaker cudnn_plan_convolutions(Precision precision);

}  // namespace odin::cuda
