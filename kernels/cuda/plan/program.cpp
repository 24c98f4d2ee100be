#include "kernels/cuda/plan/program.h"

#include <algorithm>

#include "kernels/cuda/operations.h"
#include "kernels/cuda/runtime/stream.h"

namespace odin::cuda {
namespace {

// The largest magnitude of each image's gradient in the logits. It keeps the gradients of
// activations within the range of half precision (6e-8 to 65504), as if the loss were scaled up.
// Only signs are used in the end.
constexpr double kLossScale = 64;

PlanConvolutionMaker plan_convolutions(Precision precision, ConvolutionAlgorithm choice) {
  switch (choice) {
    case ConvolutionAlgorithm::kOwn:
      return own_plan_convolutions(precision, ConvolutionVersion::kAuto);
    case ConvolutionAlgorithm::kWgmma:
      return own_plan_convolutions(precision, ConvolutionVersion::kWgmma);
    default:
      return cudnn_plan_convolutions(precision);
  }
}

}  // namespace

struct Program::Pass {
  const Batch& batch;
  ForwardPass pass;
  const PlanSlice& image_slice;
  ConstView image;
  View image_gradient;
  View logits;           // written by a forward pass
  View logits_gradient;  // read by a backward pass
  float* features;       // written by a forward pass, unless null
  std::size_t step = 0;  // the one that runs

  Stream stream() const { return batch.lane.stream; }

  ConstView input(const PlanSlice& slice) const {
    if (slice.buffer == image_slice.buffer) return channels(image, slice.begin, slice.channels);
    return batch.layout.activation(batch.memory, pass, slice);
  }
  View output(const PlanSlice& slice) const {
    return batch.layout.activation(batch.memory, pass, slice);
  }
  View gradient(const PlanSlice& slice) const {
    if (slice.buffer == image_slice.buffer) {
      return channels(image_gradient, slice.begin, slice.channels);
    }
    return batch.layout.gradient(batch.memory, slice);
  }

  // A step's masks, in the forward pass that writes them: the first one, if a backward pass
  // follows.
  StepMasks masks_of(std::size_t of) const {
    return pass == ForwardPass::kFirst ? batch.layout.masks(batch.memory, of) : StepMasks();
  }
  // The mask that the backward pass reads instead of the step's input.
  ReluMask mask_to_read(const StepBackward& how) const {
    if (how.masking_step < 0) return batch.layout.masks(batch.memory, step).input;
    return batch.layout.masks(batch.memory, static_cast<std::size_t>(how.masking_step)).output;
  }

  template <class AnyView>
  static AnyView channels(AnyView view, int begin, int count) {
    view.data = static_cast<float*>(const_cast<void*>(static_cast<const void*>(view.data))) + begin;
    view.channels = count;
    return view;
  }
};

Program::Program(const Plan& plan, const DeviceOptions& options)
    : plan_(plan), precision_(options.precision), backward_(plan_backward(plan)) {
  const OwnedStream stream;
  const PlanConvolutionMaker make = plan_convolutions(precision_, options.convolution);
  std::vector<bool> can_normalise(plan_.steps.size(), false);
  for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
    PlanStep& step = plan_.steps[i];
    StepWeights& weights = weights_.emplace_back();
    if (auto* convolution = std::get_if<PlanConvolution>(&step)) {
      const bool image = convolution->input.buffer == plan_.input.buffer;
      weights.convolution = make(*convolution, image, stream);
      backward_.steps[i].keeps_input_mask = weights.convolution->keeps_input_mask();
      backward_.steps[i].keeps_output_mask = weights.convolution->keeps_output_mask();
      convolution->weights = {};  // on the device now
      can_normalise[i] = weights.convolution->can_normalise();
    } else if (auto* pool = std::get_if<PlanPool>(&step)) {
      if (pool->prologue) weights.affine = DeviceAffine(*pool->prologue);
    } else if (auto* normalise = std::get_if<PlanNormalise>(&step)) {
      weights.affine = DeviceAffine(normalise->normalisation);
    } else if (auto* linear = std::get_if<PlanLinear>(&step)) {
      weights.weights = upload(linear->weights);
      weights.bias = upload(linear->bias);
    }
  }
  find_normalised(plan_, can_normalise, backward_);
  for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
    const int reader = backward_.steps[i].normalises_for;
    if (reader < 0) continue;
    const auto& step = std::get<PlanConvolution>(plan_.steps[static_cast<std::size_t>(reader)]);
    weights_[i].affine = DeviceAffine(*step.prologue);
  }
}

MemoryLayout Program::layout(int images, PlanPasses passes) const {
  std::size_t workspace = 0;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    if (!weights_[i].convolution) continue;
    const auto& step = std::get<PlanConvolution>(plan_.steps[i]);
    const PlanBuffer& input = plan_.buffers[static_cast<std::size_t>(step.input.buffer)];
    const auto pixels =
        static_cast<std::size_t>(images) * static_cast<std::size_t>(input.height * input.width);
    workspace = std::max(workspace, weights_[i].convolution->workspace_bytes(pixels));
  }
  return {plan_, backward_, element(), images, passes, workspace};
}

void Program::forward(const Batch& batch, ForwardPass pass, View image, View logits,
                      float* features) {
  Pass views{batch, pass, plan_.input, image, {}, logits, {}, features};
  for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
    views.step = i;
    std::visit([&](const auto& step) { forward(views, step, weights_[i]); }, plan_.steps[i]);
  }
}

void Program::backward(const Batch& batch, ConstView image, ConstView logits,
                       OdinObjective objective, double temperature, View image_gradient) {
  View logits_gradient{batch.layout.logits_gradient(batch.memory),
                       Element::kFloat,
                       logits.images,
                       1,
                       1,
                       logits.channels,
                       logits.channels};
  objective_gradient(logits, objective, temperature, kLossScale, logits_gradient,
                     batch.lane.stream);
  Pass views{batch, ForwardPass::kFirst, plan_.input, image, image_gradient,
             {},    logits_gradient,     nullptr};
  for (std::size_t i = plan_.steps.size(); i-- > 0;) {
    const StepBackward& how = backward_.steps[i];
    views.step = i;
    for (const PlanSlice& slice : how.clear) fill(views.gradient(slice), 0, views.stream());
    std::visit([&](const auto& step) { backward(views, step, weights_[i], how); }, plan_.steps[i]);
  }
  for (const PlanSlice& slice : backward_.clear_input) {
    fill(views.gradient(slice), 0, views.stream());
  }
}

void Program::forward(const Pass& pass, const PlanConvolution& step, StepWeights& weights) {
  const ConstView residual = step.residual ? pass.input(*step.residual) : ConstView();
  const StepBackward& how = backward_.steps[pass.step];
  StepMasks masks = pass.masks_of(pass.step);
  if (how.normalised_by < 0 && how.normalises_for < 0) {
    weights.convolution->forward(pass.input(step.input), residual, pass.output(step.output), masks,
                                 pass.batch.lane);
    return;
  }
  const auto normalised = [&](int writer) {
    return pass.batch.layout.normalised(pass.batch.memory, pass.pass,
                                        static_cast<std::size_t>(writer));
  };
  NormalisedOperands operands;
  operands.x = pass.input(step.input);
  if (how.normalised_by >= 0) {
    operands.x = normalised(how.normalised_by);
    operands.normalised = true;
    masks.input = {};  // it is written
  }
  operands.residual = residual;
  operands.y = pass.output(step.output);
  operands.masks = masks;
  if (how.normalises_for >= 0) {
    operands.next = weights.affine.get();
    operands.next_y = normalised(static_cast<int>(pass.step));
    operands.next_mask = pass.masks_of(static_cast<std::size_t>(how.normalises_for)).input;
  }
  weights.convolution->forward_normalised(operands, pass.batch.lane);
}

void Program::backward(const Pass& pass, const PlanConvolution& step, StepWeights& weights,
                       const StepBackward& how) {
  if (how.mask_output) mask(pass, step.output);
  const View dy = pass.gradient(step.output);
  if (how.add_to_residual) {
    const View residual = pass.gradient(*step.residual);
    add(residual, dy, residual, pass.stream());
  }
  weights.convolution->backward(dy, pass.input(step.input), pass.mask_to_read(how),
                                how.mask_by_input, how.accumulate, pass.gradient(step.input),
                                pass.batch.lane);
}

void Program::forward(const Pass& pass, const PlanPool& step, StepWeights& weights) {
  average_pool_forward(step.window, step.stride, weights.affine.get(), pass.input(step.input),
                       pass.output(step.output), pass.stream());
}

void Program::backward(const Pass& pass, const PlanPool& step, StepWeights& weights,
                       const StepBackward& how) {
  Affine affine = weights.affine.get();
  affine.relu = affine.relu || how.mask_by_input;
  average_pool_backward(step.window, step.stride, affine, pass.input(step.input),
                        pass.gradient(step.output), pass.gradient(step.input), pass.stream());
}

void Program::forward(const Pass& pass, const PlanNormalise& step, StepWeights& weights) {
  affine_forward(weights.affine.get(), pass.input(step.input), pass.output(step.output),
                 pass.stream());
}

void Program::backward(const Pass& pass, const PlanNormalise& step, StepWeights& weights,
                       const StepBackward& /*how*/) {
  affine_backward(weights.affine.get(), pass.input(step.input), pass.gradient(step.output),
                  pass.gradient(step.input), pass.stream());
}

void Program::forward(const Pass& pass, const PlanLinear& step, StepWeights& weights) {
  ConstView x = pass.input(step.input);
  float* flat = pass.features;
  if (flat == nullptr) flat = pass.batch.layout.flattened(pass.batch.memory);
  if (flat != nullptr) {
    to_nchw(x, flat, pass.stream());
    const int inputs = x.channels * x.height * x.width;
    x = ConstView{flat, Element::kFloat, x.images, 1, 1, inputs, inputs};
  }
  linear_forward(x, weights.weights.as<float>(), weights.bias.as<float>(), pass.logits,
                 pass.stream());
}

void Program::backward(const Pass& pass, const PlanLinear& step, StepWeights& weights,
                       const StepBackward& /*how*/) {
  const View dx = pass.gradient(step.input);
  const auto* w = weights.weights.as<float>();
  if (float* flat = pass.batch.layout.flattened(pass.batch.memory)) {
    const int inputs = dx.channels * dx.height * dx.width;
    const View rows{flat, Element::kFloat, dx.images, 1, 1, inputs, inputs};
    fill(rows, 0, pass.stream());
    linear_backward_data(pass.logits_gradient, w, rows, pass.stream());
    from_nchw(flat, dx, pass.stream());  // the first to write this gradient
  } else {
    linear_backward_data(pass.logits_gradient, w, dx, pass.stream());
  }
}

void Program::mask(const Pass& pass, const PlanSlice& output) {
  const View gradient = pass.gradient(output);
  const View masked = pass.batch.layout.masked(pass.batch.memory, output);
  fill(masked, 0, pass.stream());
  relu_backward(pass.output(output), gradient, masked, pass.stream());
  copy(masked, gradient, pass.stream());
}

}  // namespace odin::cuda
