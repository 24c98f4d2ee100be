#include "kernels/cuda/plan/memory_layout.h"

#include <algorithm>

namespace odin::cuda {
namespace {

// Whether the backward pass of a step looks at the step's input.
bool needs_input(const PlanStep& step, const StepBackward& backward, bool has_mask) {
  if (const auto* convolution = std::get_if<PlanConvolution>(&step)) {
    return (convolution->prologue || backward.mask_by_input) && !has_mask;
  }
  if (const auto* pool = std::get_if<PlanPool>(&step)) {
    return pool->prologue || backward.mask_by_input;
  }
  return std::holds_alternative<PlanNormalise>(step);
}

// The step under whose number the mask of a step's prologue is kept.
std::size_t mask_owner(const PlanBackward& backward, std::size_t step) {
  const int writer = backward.steps[step].normalised_by;
  if (writer < 0) return step;
  return static_cast<std::size_t>(backward.steps[static_cast<std::size_t>(writer)].normalises_for);
}

// The buffer in whose memory the gradient of a slice is.
std::size_t root(const PlanBackward& backward, const PlanSlice& slice) {
  return static_cast<std::size_t>(backward.gradient_buffer[static_cast<std::size_t>(slice.buffer)]);
}

}  // namespace

// Step i of n runs at moment i in the first forward pass, at 2 n - 1 - i in the backward pass and
// at 2 n + i in every other forward pass.
class MemoryLayout::Lifetimes {
 public:
  Lifetimes(const Plan& plan, const PlanBackward& backward, PlanPasses passes)
      : first(plan.buffers.size()),
        other(plan.buffers.size()),
        gradients(plan.buffers.size()),
        normalised_first(plan.steps.size()),
        normalised_other(plan.steps.size()),
        input_masks(plan.steps.size()),
        output_masks(plan.steps.size()) {
    const auto steps = static_cast<int>(plan.steps.size());
    const bool gradient = passes != PlanPasses::kForward;
    end = gradient ? 3 * steps - 1 : steps - 1;
    for (int i = 0; i < steps; ++i) {
      const PlanStep& step = plan.steps[static_cast<std::size_t>(i)];
      const StepBackward& b = backward.steps[static_cast<std::size_t>(i)];
      const int back = 2 * steps - 1 - i;
      // If there are several backward passes, masks live until the end of the last one.
      const int mask = passes == PlanPasses::kGradients ? 2 * steps - 1 : back;
      const bool has_mask =
          b.keeps_input_mask ||
          (b.masking_step >= 0 &&
           backward.steps[static_cast<std::size_t>(b.masking_step)].keeps_output_mask);
      if (gradient && has_mask) {
        Lifetime& kept = b.keeps_input_mask
                             ? input_masks[mask_owner(backward, static_cast<std::size_t>(i))]
                             : output_masks[static_cast<std::size_t>(b.masking_step)];
        kept.extend(!b.keeps_input_mask    ? b.masking_step
                    : b.normalised_by >= 0 ? b.normalised_by
                                           : i);
        kept.extend(mask);
      }
      const auto forward = [&](const PlanSlice& slice) {
        const auto buffer = static_cast<std::size_t>(slice.buffer);
        first[buffer].extend(i);
        if (!gradient) return;
        other[buffer].extend(2 * steps + i);
        gradients[root(backward, slice)].extend(back);
      };
      const auto normalised = [&](int writer) {
        normalised_first[static_cast<std::size_t>(writer)].extend(i);
        if (gradient) normalised_other[static_cast<std::size_t>(writer)].extend(2 * steps + i);
      };
      if (b.normalises_for >= 0) normalised(i);
      if (b.normalised_by >= 0) {
        normalised(b.normalised_by);
        if (gradient) gradients[root(backward, input_of(step))].extend(back);
      } else {
        forward(input_of(step));
      }
      if (const PlanSlice* residual = residual_of(step)) forward(*residual);
      if (const PlanSlice* output = output_of(step)) {
        forward(*output);
        if (gradient && b.mask_output) {
          first[static_cast<std::size_t>(output->buffer)].extend(mask);
          masked.extend(back);
        }
      }
      if (gradient && needs_input(step, b, has_mask)) {
        first[static_cast<std::size_t>(input_of(step).buffer)].extend(mask);
      }
    }
    // The image and its gradient are elsewhere.
    first[static_cast<std::size_t>(plan.input.buffer)] = {};
    other[static_cast<std::size_t>(plan.input.buffer)] = {};
    gradients[static_cast<std::size_t>(plan.input.buffer)] = {};
  }

  std::vector<Lifetime> first;
  std::vector<Lifetime> other;
  std::vector<Lifetime> gradients;
  std::vector<Lifetime> normalised_first;  // by step
  std::vector<Lifetime> normalised_other;
  std::vector<Lifetime> input_masks;
  std::vector<Lifetime> output_masks;
  Lifetime masked;
  int end = 0;
};

MemoryLayout::MemoryLayout(const Plan& plan, const PlanBackward& backward, Element element,
                           int images, PlanPasses passes, std::size_t workspace)
    : buffers_(plan.buffers), element_(element), images_(images), workspace_bytes_(workspace) {
  const Lifetimes lifetimes(plan, backward, passes);
  const auto place = [&](std::vector<int>& blocks, const std::vector<Lifetime>& of) {
    for (std::size_t b = 0; b < of.size(); ++b) {
      const PlanSlice whole{static_cast<int>(b), 0, buffers_[b].channels};
      blocks.push_back(of[b].empty() ? -1 : arena_.add(bytes(whole), of[b]));
    }
  };
  place(first_, lifetimes.first);
  place(other_, lifetimes.other);
  place(gradients_, lifetimes.gradients);
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const PlanSlice* output = output_of(plan.steps[i]);
    outputs_.push_back(output ? *output : PlanSlice());
    const auto add = [&](const Lifetime& of) {
      return of.empty() ? -1 : arena_.add(bytes(outputs_[i]), of);
    };
    normalised_first_.push_back(add(lifetimes.normalised_first[i]));
    normalised_other_.push_back(add(lifetimes.normalised_other[i]));
  }
  const auto place_mask = [&](const PlanSlice& slice, const Lifetime& of) {
    if (of.empty()) return MaskPlace();
    const std::int64_t bytes = mask_pitch(element, slice.channels);
    return MaskPlace{arena_.add(pixels(slice) * static_cast<std::size_t>(bytes), of), bytes};
  };
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const PlanSlice* output = output_of(plan.steps[i]);
    input_masks_.push_back(place_mask(input_of(plan.steps[i]), lifetimes.input_masks[i]));
    output_masks_.push_back(output ? place_mask(*output, lifetimes.output_masks[i]) : MaskPlace());
  }
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    input_masks_[i] = input_masks_[mask_owner(backward, i)];
  }
  for (std::size_t b = 0; b < buffers_.size(); ++b) {
    gradients_[b] = gradients_[static_cast<std::size_t>(backward.gradient_buffer[b])];
  }
  if (!lifetimes.masked.empty()) {
    std::size_t largest = 0;
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
      if (backward.steps[i].mask_output) {
        largest = std::max(largest, bytes(*output_of(plan.steps[i])));
      }
    }
    masked_ = arena_.add(largest, lifetimes.masked);
  }
  const auto always = [&](std::size_t size) { return arena_.add(size, {0, lifetimes.end}); };
  const PlanSlice& last = input_of(plan.steps.back());
  const PlanBuffer& flat = buffers_[static_cast<std::size_t>(last.buffer)];
  const auto n = static_cast<std::size_t>(images);
  logits_gradient_ = always(n * static_cast<std::size_t>(plan.classes) * sizeof(float));
  if (flat.height * flat.width > 1) {
    flattened_ = always(n * static_cast<std::size_t>(last.channels) *
                        static_cast<std::size_t>(flat.height * flat.width) * sizeof(float));
  }
  if (workspace > 0) workspace_ = always(workspace);
  arena_.plan();
}

// Padded to 16 bytes, so that kernels can load 16 bytes at a time.
std::int64_t MemoryLayout::pitch(int channels) const {
  const auto step = static_cast<std::int64_t>(16 / size_of(element_));
  return (channels + step - 1) / step * step;
}

std::size_t MemoryLayout::pixels(const PlanSlice& slice) const {
  const PlanBuffer& buffer = buffers_[static_cast<std::size_t>(slice.buffer)];
  return static_cast<std::size_t>(std::int64_t{images_} * buffer.height * buffer.width);
}

std::size_t MemoryLayout::bytes(const PlanSlice& slice) const {
  return pixels(slice) * static_cast<std::size_t>(pitch(slice.channels)) * size_of(element_);
}

View MemoryLayout::view(std::byte* data, const PlanSlice& slice, std::int64_t pitch) const {
  const PlanBuffer& buffer = buffers_[static_cast<std::size_t>(slice.buffer)];
  return {data, element_, images_, buffer.height, buffer.width, slice.channels, pitch};
}

View MemoryLayout::activation(std::byte* base, ForwardPass pass, const PlanSlice& slice) const {
  const auto buffer = static_cast<std::size_t>(slice.buffer);
  const int block = pass == ForwardPass::kFirst ? first_[buffer] : other_[buffer];
  return view(
      base + arena_.offset(block) + static_cast<std::size_t>(slice.begin) * size_of(element_),
      slice, pitch(buffers_[buffer].channels));
}

View MemoryLayout::normalised(std::byte* base, ForwardPass pass, std::size_t step) const {
  const int block = pass == ForwardPass::kFirst ? normalised_first_[step] : normalised_other_[step];
  const PlanSlice& slice = outputs_[step];
  return view(base + arena_.offset(block), slice, pitch(slice.channels));
}

View MemoryLayout::gradient(std::byte* base, const PlanSlice& slice) const {
  const auto buffer = static_cast<std::size_t>(slice.buffer);
  return view(base + arena_.offset(gradients_[buffer]) +
                  static_cast<std::size_t>(slice.begin) * size_of(element_),
              slice, pitch(buffers_[buffer].channels));
}

ReluMask MemoryLayout::mask(std::byte* base, const MaskPlace& place) const {
  if (place.block < 0) return {};
  return {reinterpret_cast<std::uint8_t*>(base + arena_.offset(place.block)), place.pitch};
}

StepMasks MemoryLayout::masks(std::byte* base, std::size_t step) const {
  return {mask(base, input_masks_[step]), mask(base, output_masks_[step])};
}

View MemoryLayout::masked(std::byte* base, const PlanSlice& slice) const {
  return view(base + arena_.offset(masked_), slice, pitch(slice.channels));
}

float* MemoryLayout::logits_gradient(std::byte* base) const {
  return reinterpret_cast<float*>(base + arena_.offset(logits_gradient_));
}

float* MemoryLayout::flattened(std::byte* base) const {
  return flattened_ < 0 ? nullptr : reinterpret_cast<float*>(base + arena_.offset(flattened_));
}

void* MemoryLayout::workspace(std::byte* base) const {
  return workspace_ < 0 ? nullptr : base + arena_.offset(workspace_);
}

}  // namespace odin::cuda
