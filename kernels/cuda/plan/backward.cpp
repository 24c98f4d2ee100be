#include "kernels/cuda/plan/backward.h"

#include <algorithm>
#include <cstddef>

namespace odin::cuda {
namespace {

bool overlap(const PlanSlice& a, const PlanSlice& b) {
  return a.buffer == b.buffer && a.begin < b.begin + b.channels && b.begin < a.begin + a.channels;
}

bool contains(const PlanSlice& outer, const PlanSlice& inner) {
  return outer.buffer == inner.buffer && outer.begin <= inner.begin &&
         inner.begin + inner.channels <= outer.begin + outer.channels;
}

const PlanSlice& input_of(const PlanStep& step) {
  return std::visit([](const auto& s) -> const PlanSlice& { return s.input; }, step);
}

// Of all steps but the linear one, whose output are the logits.
const PlanSlice* output_of(const PlanStep& step) {
  return std::visit(
      [](const auto& s) -> const PlanSlice* {
        if constexpr (requires { s.output; }) {
          return &s.output;
        } else {
          return nullptr;
        }
      },
      step);
}

// Whether the step's backward pass can mask by the sign of its input.
bool can_mask_by_input(const PlanStep& step) {
  if (const auto* convolution = std::get_if<PlanConvolution>(&step)) return !convolution->prologue;
  if (const auto* pool = std::get_if<PlanPool>(&step)) return !pool->prologue;
  return false;
}

// The slice that a convolution closes with a ReLU, or nullptr. (A normalisation masks by its own.)
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
      written_.emplace_back(static_cast<std::size_t>(plan.buffers[b].channels), false);
    }
  }

  PlanBackward run() {
    for (std::size_t i = 0; i < plan_.steps.size(); ++i) find_masks(i);
    for (std::size_t i = plan_.steps.size(); i-- > 0;) {
      // Channels that nobody reads have no gradient.
      if (const PlanSlice* output = output_of(plan_.steps[i])) {
        clear_unwritten(result_.steps[i], *output);
        set_written(*output);
      }
      if (const auto* convolution = std::get_if<PlanConvolution>(&plan_.steps[i])) {
        if (convolution->residual) pass_to_residual(result_.steps[i], *convolution);
      }
      contribute(result_.steps[i], input_of(plan_.steps[i]),
                 std::holds_alternative<PlanConvolution>(plan_.steps[i]));
    }
    return std::move(result_);
  }

 private:
  // The ReLU that closes a step is left to the steps that read its output if all of them can do it.
  void find_masks(std::size_t i) {
    const PlanSlice* output = rectified_output(plan_.steps[i]);
    if (!output) return;
    std::vector<std::size_t> readers;
    bool left_to_readers = true;
    for (std::size_t j = i + 1; j < plan_.steps.size(); ++j) {
      const PlanStep& reader = plan_.steps[j];
      if (const auto* convolution = std::get_if<PlanConvolution>(&reader)) {
        if (convolution->residual && overlap(*convolution->residual, *output)) {
          left_to_readers = false;
        }
      }
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

  // A residual's gradient begins as that of the sum, and may go on in the same memory: the sum's is
  // not needed any more once this step is done.
  void pass_to_residual(StepBackward& backward, const PlanConvolution& step) {
    const PlanSlice& residual = *step.residual;
    if (whole(residual) && whole(step.output) && count_written(residual) == 0 &&
        residual.buffer != step.input.buffer && residual.buffer != plan_.input.buffer) {
      result_.gradient_buffer[static_cast<std::size_t>(residual.buffer)] =
          result_.gradient_buffer[static_cast<std::size_t>(step.output.buffer)];
      set_written(residual);
      return;
    }
    backward.add_to_residual = true;
    contribute(backward, residual, false);
  }

  // Notes that a step adds to the gradient of a slice.
  void contribute(StepBackward& backward, const PlanSlice& slice, bool may_overwrite) {
    if (may_overwrite && count_written(slice) == 0) {
      backward.accumulate = false;
    } else {
      clear_unwritten(backward, slice);
    }
    set_written(slice);
  }

  void clear_unwritten(StepBackward& backward, const PlanSlice& slice) {
    const std::vector<bool>& written = written_[static_cast<std::size_t>(slice.buffer)];
    for (int c = slice.begin; c < slice.begin + slice.channels; ++c) {
      if (written[static_cast<std::size_t>(c)]) continue;
      if (!backward.clear.empty() && backward.clear.back().buffer == slice.buffer &&
          backward.clear.back().begin + backward.clear.back().channels == c) {
        ++backward.clear.back().channels;
      } else {
        backward.clear.push_back({slice.buffer, c, 1});
      }
    }
  }

  bool whole(const PlanSlice& slice) const {
    return slice.begin == 0 &&
           slice.channels == plan_.buffers[static_cast<std::size_t>(slice.buffer)].channels;
  }
  std::ptrdiff_t count_written(const PlanSlice& slice) const {
    const auto begin = written_[static_cast<std::size_t>(slice.buffer)].begin() + slice.begin;
    return std::count(begin, begin + slice.channels, true);
  }
  void set_written(const PlanSlice& slice) {
    const auto begin = written_[static_cast<std::size_t>(slice.buffer)].begin() + slice.begin;
    std::fill(begin, begin + slice.channels, true);
  }

  const Plan& plan_;
  PlanBackward result_;
  std::vector<std::vector<bool>> written_;  // channels of the gradients, so far
};

}  // namespace

PlanBackward plan_backward(const Plan& plan) {
  return Analysis(plan).run();
}

}  // namespace odin::cuda
