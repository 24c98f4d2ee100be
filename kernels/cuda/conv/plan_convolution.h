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

// Masks that a forward pass writes; unwanted ones are empty.
struct StepMasks {
  ReluMask input;   // of the prologue's ReLU
  ReluMask output;  // of the closing ReLU
};

// A forward pass that spares other steps their prologue, or is spared its own.
struct NormalisedOperands {
  ConstView x;
  bool normalised = false;  // x is what the prologue has made of the input
  ConstView residual;
  View y;
  StepMasks masks;
  // Written besides y, if there is a view: next(y), and the mask of its ReLU if that is given.
  Affine next;
  View next_y;
  ReluMask next_mask;
};

class PlanConvolutionRunner {
 public:
  virtual ~PlanConvolutionRunner() = default;

  // Whether forward() can write the mask of its prologue's ReLU, or of its closing ReLU, and
  // backward() read it.
  virtual bool keeps_input_mask() const = 0;
  virtual bool keeps_output_mask() const = 0;
  // y = epilogue(convolution(prologue(x))), plus the residual, which may be empty. Writes the masks
  // that are given.
  virtual void forward(ConstView x, ConstView residual, View y, const StepMasks& masks,
                       const Lane& lane) = 0;
  // Whether forward_normalised() can write next(y). Only then is it called, for this step and for
  // those that read next(y).
  virtual bool can_normalise() const { return false; }
  virtual void forward_normalised(const NormalisedOperands& operands, const Lane& lane);
  // dx (+)= the gradient in x through the convolution and the prologue; dy is the gradient before
  // the closing ReLU. `mask_by_input`: without a prologue, masked by x > 0. x is read only if its
  // sign is wanted and no mask is given.
  virtual void backward(ConstView dy, ConstView x, ReluMask mask, bool mask_by_input,
                        bool accumulate, View dx, const Lane& lane) = 0;
  // Bytes of Lane::workspace needed for a batch of `input_pixels` pixels of its input.
  virtual std::size_t workspace_bytes(std::size_t input_pixels) const = 0;
};

// Makes the runner of one step. `image`: its input is the image, whose values and gradient are
// float. Weights are on the device when it returns.
using PlanConvolutionMaker = std::function<std::unique_ptr<PlanConvolutionRunner>(
    const PlanConvolution& step, bool image, Stream stream)>;

// Our own kernels: `version` wherever it can run, else the one that kAuto picks.
PlanConvolutionMaker own_plan_convolutions(Precision precision, ConvolutionVersion version);
// cuDNN's and cuBLAS's, either fused into one cuDNN graph or with our kernels around them; the
// faster is measured once for each shape. Our own kernels take a float image next to half
// precision.
PlanConvolutionMaker cudnn_plan_convolutions(Precision precision);

}  // namespace odin::cuda
