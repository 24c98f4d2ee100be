#include "kernels/cuda/plan/backward.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "kernels/plan_gradients.h"

namespace odin::cuda {
namespace {

// Whether the step's backward pass can mask by the sign of its input.
bool can_mask_by_input(const PlanStep& step) {
  if (const auto* convolution = std::get_if<PlanConvolution>(&step)) return !convolution->prologue;
  if (const auto* pool = std::get_if<PlanPool>(&step)) return !pool->prologue;
  return false;
}

// The output of a convolution that ends with a ReLU, or nullptr. (A normalisation applies its own
// mask.)
const PlanSlice* rectified_output(const PlanStep& step) {
  if (const auto* convolution = std::get_if<PlanConvolution>(&step)) {
    return convolution->relu ? &convolution->output : nullptr;
  }
  return nullptr;
}

class Analysis {
 public:
  explicit Analysis(const Plan& plan) : plan_(plan) {
    validate(plan);
    result_.steps.resize(plan.steps.size());
    for (std::size_t b = 0; b < plan.buffers.size(); ++b) {
      result_.gradient_buffer.push_back(static_cast<int>(b));
    }
  }

  PlanBackward run() {
    for (std::size_t i = 0; i < plan_.steps.size(); ++i) find_masks(i);
    PlanGradients gradients = plan_gradients(plan_);
    for (std::size_t i = plan_.steps.size(); i-- > 0;) {
      StepBackward& backward = result_.steps[i];
      StepGradients& step = gradients.steps[i];
      append(backward.clear, step.clear_output);
      const auto* convolution = std::get_if<PlanConvolution>(&plan_.steps[i]);
      if (step.residual) pass_to_residual(backward, *convolution, *step.residual);
      const PlanSlice& input = input_of(plan_.steps[i]);
      if (convolution && step.input.sets) {
        backward.accumulate = false;
      } else {
        clear_to_add(backward, step.input, input);
      }
    }
    result_.clear_input = std::move(gradients.clear_input);
    return std::move(result_);
  }

 private:
  // The steps that read a step's output mask by the ReLU that closes it, if all of them can.
  void find_masks(std::size_t i) {
    const PlanSlice* output = rectified_output(plan_.steps[i]);
    if (!output) return;
    std::vector<std::size_t> readers;
    bool left_to_readers = true;
    for (std::size_t j = i + 1; j < plan_.steps.size(); ++j) {
      const PlanStep& reader = plan_.steps[j];
      const PlanSlice* residual = residual_of(reader);
      if (residual && overlap(*residual, *output)) left_to_readers = false;
      if (!overlap(input_of(reader), *output)) continue;
      if (!can_mask_by_input(reader) || !contains(*output, input_of(reader))) {
        left_to_readers = false;
      }
      readers.push_back(j);
    }
    result_.steps[i].mask_output = !left_to_readers;
    if (!left_to_readers) return;
    const bool just_its_output = std::all_of(readers.begin(), readers.end(), [&](std::size_t j) {
      return std::holds_alternative<PlanConvolution>(plan_.steps[j]) &&
             contains(input_of(plan_.steps[j]), *output);
    });
    for (std::size_t j : readers) {
      result_.steps[j].mask_by_input = true;
      if (just_its_output) result_.steps[j].masking_step = static_cast<int>(i);
    }
  }

  // A residual's gradient begins as that of the sum. It may continue in the same memory, because
  // the sum's gradient is not needed any more once this step is done.
  void pass_to_residual(StepBackward& backward, const PlanConvolution& step,
                        const GradientWrite& write) {
    const PlanSlice& residual = *step.residual;
    if (write.sets && whole(residual) && whole(step.output) &&
        residual.buffer != step.input.buffer && residual.buffer != plan_.input.buffer) {
      result_.gradient_buffer[static_cast<std::size_t>(residual.buffer)] =
          result_.gradient_buffer[static_cast<std::size_t>(step.output.buffer)];
      return;
    }
    backward.add_to_residual = true;
    clear_to_add(backward, write, residual);
  }

  // For a kernel that can only add to a gradient: clears what has not been written yet.
  static void clear_to_add(StepBackward& backward, const GradientWrite& write,
                           const PlanSlice& slice) {
    append(backward.clear, write.sets ? std::vector<PlanSlice>{slice} : write.clear);
  }

  static void append(std::vector<PlanSlice>& to, const std::vector<PlanSlice>& slices) {
    to.insert(to.end(), slices.begin(), slices.end());
  }

  bool whole(const PlanSlice& slice) const {
    return slice.begin == 0 && slice.channels == plan_.buffer_of(slice).channels;
  }

  const Plan& plan_;
  PlanBackward result_;
};

}  // namespace

void find_normalised(const Plan& plan, const std::vector<bool>& can_normalise,
                     PlanBackward& backward) {
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const auto* writer = std::get_if<PlanConvolution>(&plan.steps[i]);
    if (!writer || !can_normalise[i]) continue;
    const PlanSlice& written = writer->output;
    if (written.channels != plan.buffer_of(written).channels) continue;
    std::vector<std::size_t> readers;
    const Normalisation* prologue = nullptr;
    bool windows = false;
    for (std::size_t j = i + 1; j < plan.steps.size(); ++j) {
      const auto* reader = std::get_if<PlanConvolution>(&plan.steps[j]);
      if (!reader || !reader->prologue || !reader->prologue->relu) continue;
      if (reader->input.buffer != written.buffer || !contains(reader->input, written)) continue;
      if (prologue == nullptr) prologue = &*reader->prologue;
      if (reader->prologue->scale != prologue->scale || reader->prologue->shift != prologue->shift)
        continue;
      readers.push_back(j);
      windows = windows || reader->kernel > 1;
    }
    if (!windows) continue;
    backward.steps[i].normalises_for = static_cast<int>(readers.front());
    for (const std::size_t j : readers) {
      backward.steps[j].normalised_by = static_cast<int>(i);
      backward.steps[j].keeps_input_mask = true;
    }
  }
}

PlanBackward plan_backward(const Plan& plan) {
  return Analysis(plan).run();
}

}  // namespace odin::cuda
