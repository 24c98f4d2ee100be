#include "kernels/cpu/plan/program.h"

#include <cstdint>
#include <utility>

#include "kernels/as_size.h"
#include "kernels/convolution_sizes.h"
#include "kernels/cpu/convolution_task.h"
#include "kernels/cpu/memory.h"
#include "kernels/cpu/plan/segments.h"
#include "kernels/cpu/winograd_choice.h"
#include "kernels/plan_gradients.h"

namespace odin::cpu {
namespace {

// Turns a plan's steps into kernel calls: first all forward, then all backward.
class Lowering {
 public:
  Lowering(const Plan& plan, const KernelTable& kernels, ConvolutionAlgorithm convolution,
           const Blocks& blocks)
      : plan_(plan),
        kernels_(kernels),
        convolution_(convolution),
        blocks_(blocks),
        segments_(cut_into_segments(plan, blocks)),
        program_(MemoryLayout(plan, segments_, kernels.lanes, kernels.word_bytes),
                 segments_.group) {
    for (const int images : segments_.images) program_.segments.push_back({images, {}, {}});
  }

  Program build() {
    for (std::size_t s = 0; s < plan_.steps.size(); ++s) {
      step_ = s;
      KernelCall call = std::visit([&](const auto& step) { return forward(step); }, plan_.steps[s]);
      segment().forward.push_back(call);
      forward_calls_.push_back(std::move(call));
    }
    const PlanGradients gradients = plan_gradients(plan_);
    for (std::size_t s = plan_.steps.size(); s-- > 0;) {
      step_ = s;
      clear(gradients.steps[s].clear_output);
      std::visit([&](const auto& step) { backward(step, gradients.steps[s]); }, plan_.steps[s]);
    }
    clear(gradients.clear_input);
    program_.input = program_.memory.planes(plan_.input);
    return std::move(program_);
  }

 private:
  Segment& segment() { return program_.segments[segments_.of_step[step_]]; }
  PlacedPlanes planes(const PlanSlice& slice) const { return program_.memory.planes(slice); }
  PlacedMask add_mask(const PlanSlice& slice) { return program_.memory.add_mask(slice); }

  template <class Call>
  const Call& forward_call() const {
    return std::get<Call>(forward_calls_[step_]);
  }

  const float* keep(const std::vector<float>& values) {
    if (values.empty()) return nullptr;
    program_.vectors.push_back(values);
    return program_.vectors.back().data();
  }

  std::size_t add_weights(bool winograd, const PlanConvolution& step, const WeightMatrix& matrix,
                          std::vector<float> row_scale = {}) {
    const std::size_t at = program_.weight_floats;
    const std::size_t floats = as_size(packed_floats(matrix, winograd));
    program_.weight_floats += whole_lines(floats);
    program_.packings.push_back({at, winograd, step.stride, matrix, std::move(row_scale)});
    return at;
  }

  // --- gradients --------------------------------------------------------------------------------

  void clear(const std::vector<PlanSlice>& gradients) {
    for (const PlanSlice& slice : gradients) {
      const PlacedPlanes place = planes(slice);
      segment().backward.push_back(
          ClearCall{place, as_size(slice.channels) * as_size(place.plane)});
    }
  }

  // --- convolutions -----------------------------------------------------------------------------

  ConvolutionSizes sizes_of(const PlanConvolution& step) const {
    const PlanBuffer& in = plan_.buffer_of(step.input);
    // The most images: they decide the workspace.
    const int images = segments_.images[segments_.of_step[step_]];
    return convolution_sizes({step.stride, step.padding},
                             {images, step.input.channels, in.height, in.width},
                             {step.output.channels, step.input.channels, step.kernel, step.kernel});
  }

  void use_kernel(ConvolutionPass pass, const ConvolutionSizes& sizes, bool winograd,
                  ConvolutionCall& call) {
    const ConvolutionKernel& kernel = convolution_kernel(kernels_, pass, sizes, winograd);
    call.kernel = kernel.run;
    program_.memory.need_workspace(kernel.workspace(call.task));
  }

  KernelCall forward(const PlanConvolution& step) {
    constexpr auto kPass = ConvolutionPass::kForward;
    const ConvolutionSizes sizes = sizes_of(step);
    const bool winograd = takes_winograd(sizes, convolution_);
    ConvolutionCall call;
    call.task = convolution_task(kPass, sizes, winograd, blocks_);
    call.task.bias = keep(step.bias);
    call.in = planes(step.input);
    call.out = planes(step.output);
    if (step.prologue) {
      call.task.load = Load::kNormalise;
      call.task.scale = keep(step.prologue->scale);
      call.task.shift = keep(step.prologue->shift);
      call.in_mask = add_mask(step.input);
    }
    if (step.relu) {
      call.task.store = Store::kRelu;
      call.out_mask = add_mask(step.output);
    } else if (step.residual) {
      call.task.store = Store::kResidual;
      call.residual = planes(*step.residual);
    }
    call.weights =
        add_weights(winograd, step, weight_matrix(kPass, sizes, winograd, step.weights.data()));
    if (winograd) program_.uses_winograd = true;
    use_kernel(kPass, sizes, winograd, call);
    return call;
  }

  void backward(const PlanConvolution& step, const StepGradients& gradients) {
    const auto& forward = forward_call<ConvolutionCall>();
    if (step.residual) {
      clear(gradients.residual->clear);
      add_copy(step.output, *step.residual, !gradients.residual->sets);
    }
    clear(gradients.input.clear);
    const bool set = gradients.input.sets;
    constexpr auto kPass = ConvolutionPass::kBackwardData;
    const ConvolutionSizes sizes = sizes_of(step);
    const bool winograd = takes_winograd(sizes, convolution_);
    ConvolutionCall call;
    call.task = convolution_task(kPass, sizes, winograd, blocks_);
    call.in = forward.out;
    call.out = forward.in;
    if (step.relu) {
      call.task.load = Load::kMasked;
      call.in_mask = forward.out_mask;
    }
    if (step.prologue) {
      call.task.store = set ? Store::kMaskedSet : Store::kMaskedAdd;
      call.out_mask = forward.in_mask;
    } else {
      call.task.store = set ? Store::kSet : Store::kAdd;
    }
    if (winograd) {
      call.weights = forward.weights;
      call.task.out_scale = forward.task.scale;
    } else {
      const std::size_t taps = as_size(sizes.kernel_height * sizes.kernel_width);
      std::vector<float> scales;  // of every tap of every channel
      if (step.prologue) {
        for (const float s : step.prologue->scale) scales.insert(scales.end(), taps, s);
      }
      call.weights = add_weights(
          false, step, weight_matrix(kPass, sizes, false, step.weights.data()), std::move(scales));
    }
    use_kernel(kPass, sizes, winograd, call);
    segment().backward.emplace_back(std::move(call));
  }

  // --- planes -----------------------------------------------------------------------------------

  PlanesCall planes_call(void (*kernel)(const PlaneTask&), const PlanSlice& in,
                         const PlanSlice& out) {
    PlanesCall call;
    call.kernel = kernel;
    call.in = planes(in);
    call.out = planes(out);
    call.task.channels = in.channels;
    call.task.in_height = plan_.buffer_of(in).height;
    call.task.in_width = plan_.buffer_of(in).width;
    call.task.out_height = plan_.buffer_of(out).height;
    call.task.out_width = plan_.buffer_of(out).width;
    program_.memory.need_workspace(kernels_.plane_workspace(call.task));
    return call;
  }

  // out = in, or out += in: gradients.
  void add_copy(const PlanSlice& in, const PlanSlice& out, bool accumulate) {
    PlanesCall call = planes_call(kernels_.copy, in, out);
    call.task.accumulate = accumulate;
    segment().backward.emplace_back(call);
  }

  void normalise_input(const PlanSlice& input, const Normalisation& normalisation,
                       PlanesCall& call) {
    call.task.scale = keep(normalisation.scale);
    call.task.shift = keep(normalisation.shift);
    call.task.relu = normalisation.relu;
    if (normalisation.relu) call.mask = add_mask(input);
  }

  KernelCall forward(const PlanPool& step) {
    PlanesCall call = planes_call(kernels_.pool, step.input, step.output);
    call.task.window = step.window;
    call.task.stride = step.stride;
    if (step.prologue) normalise_input(step.input, *step.prologue, call);
    return call;
  }

  KernelCall forward(const PlanNormalise& step) {
    PlanesCall call = planes_call(kernels_.normalise, step.input, step.output);
    normalise_input(step.input, step.normalisation, call);
    return call;
  }

  void backward(const PlanPool& step, const StepGradients& gradients) {
    backward_planes(kernels_.pool_backward, step.input, step.output, gradients);
  }

  void backward(const PlanNormalise& step, const StepGradients& gradients) {
    backward_planes(kernels_.normalise_backward, step.input, step.output, gradients);
  }

  void backward_planes(void (*kernel)(const PlaneTask&), const PlanSlice& input,
                       const PlanSlice& output, const StepGradients& gradients) {
    const auto& forward = forward_call<PlanesCall>();
    clear(gradients.input.clear);
    PlanesCall call = planes_call(kernel, output, input);
    call.task.window = forward.task.window;
    call.task.stride = forward.task.stride;
    call.task.scale = forward.task.scale;
    call.mask = forward.mask;
    call.task.accumulate = !gradients.input.sets;
    segment().backward.emplace_back(call);
  }

  // --- the classifier ---------------------------------------------------------------------------

  KernelCall forward(const PlanLinear& step) {
    const PlanBuffer& in = plan_.buffer_of(step.input);
    return LinearCall{planes(step.input), step.input.channels, in.height * in.width,
                      keep(step.weights), keep(step.bias)};
  }

  void backward(const PlanLinear& /*step*/, const StepGradients& gradients) {
    const auto& forward = forward_call<LinearCall>();
    clear(gradients.input.clear);
    segment().backward.emplace_back(LinearBackwardCall{forward.in, forward.channels, forward.pixels,
                                                       forward.weights, !gradients.input.sets});
  }

  const Plan& plan_;
  const KernelTable& kernels_;
  const ConvolutionAlgorithm convolution_;
  const Blocks blocks_;
  const Segments segments_;
  Program program_;
  std::size_t step_ = 0;                   // being lowered
  std::vector<KernelCall> forward_calls_;  // by step
};

}  // namespace

Program make_program(const Plan& plan, const KernelTable& kernels, ConvolutionAlgorithm convolution,
                     const Blocks& blocks) {
  return Lowering(plan, kernels, convolution, blocks).build();
}

}  // namespace odin::cpu
