// A plan on the GPU: queues its passes over one batch.
#pragma once

#include <memory>
#include <vector>

#include "kernels/cuda/conv/plan_convolution.h"
#include "kernels/cuda/plan/memory_layout.h"
#include "kernels/cuda/runtime/upload.h"
#include "kernels/device.h"

namespace odin::cuda {

// A plan with its weights on the device, ready to be queued.
class Program {
 public:
  // Throws Error if the plan is not valid. Weights are on the device when this returns.
  Program(const Plan& plan, const DeviceOptions& options);

  const Plan& plan() const { return plan_; }
  // The element type of all activations except the image.
  Element element() const { return element_of(precision_); }
  MemoryLayout layout(int images, PlanPasses passes) const;

  // A batch: its layout in `memory`, and its lane. The image and its gradient are float.
  struct Batch {
    const MemoryLayout& layout;
    std::byte* memory;
    Lane lane;
  };
  // logits = the network's output for the image, and unless it is null,
  // features (images, C H W), dense = the input of the linear step
  void forward(const Batch& batch, ForwardPass pass, View image, View logits, float* features);
  // After a first forward pass: the gradient of ODIN's objective in the image. Each image's
  // gradient is scaled by a positive factor.
  void backward(const Batch& batch, ConstView image, ConstView logits, OdinObjective objective,
                double temperature, View image_gradient);

 private:
  struct StepWeights {
    std::unique_ptr<PlanConvolutionRunner> convolution;
    DeviceAffine
        affine;  // of a pool or a normalisation, or of those that a convolution normalises for
    DeviceBuffer weights;  // of the linear step
    DeviceBuffer bias;
  };
  // The views of one pass.
  struct Pass;

  void forward(const Pass& pass, const PlanConvolution& step, StepWeights& weights);
  void forward(const Pass& pass, const PlanPool& step, StepWeights& weights);
  void forward(const Pass& pass, const PlanNormalise& step, StepWeights& weights);
  void forward(const Pass& pass, const PlanLinear& step, StepWeights& weights);
  void backward(const Pass& pass, const PlanConvolution& step, StepWeights& weights,
                const StepBackward& how);
  void backward(const Pass& pass, const PlanPool& step, StepWeights& weights,
                const StepBackward& how);
  void backward(const Pass& pass, const PlanNormalise& step, StepWeights& weights,
                const StepBackward& how);
  void backward(const Pass& pass, const PlanLinear& step, StepWeights& weights,
                const StepBackward& how);
  // Sets the gradient of an output to zero where the step's closing ReLU let nothing through.
  void mask(const Pass& pass, const PlanSlice& output);

  Plan plan_;
  Precision precision_;
  PlanBackward backward_;
  std::vector<StepWeights> weights_;
};

}  // namespace odin::cuda
