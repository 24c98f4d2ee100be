#include "kernels/plan_gradients.h"

#include <cstddef>
#include <utility>

namespace odin {
namespace {

// Which channels of every buffer have a gradient so far.
class WrittenChannels {
 public:
  explicit WrittenChannels(const Plan& plan) {
    for (const PlanBuffer& buffer : plan.buffers) {
      written_.emplace_back(static_cast<std::size_t>(buffer.channels), false);
    }
  }

  // A step reads the gradient of its output: returns the channels that must be cleared first.
  std::vector<PlanSlice> read(const PlanSlice& slice) {
    std::vector<PlanSlice> missing;
    std::vector<bool>& written = written_[static_cast<std::size_t>(slice.buffer)];
    for (int c = slice.begin; c < slice.begin + slice.channels; ++c) {
      if (written[static_cast<std::size_t>(c)]) continue;
      written[static_cast<std::size_t>(c)] = true;
      if (!missing.empty() && missing.back().begin + missing.back().channels == c) {
        ++missing.back().channels;
      } else {
        missing.push_back({slice.buffer, c, 1});
      }
    }
    return missing;
  }

  GradientWrite write(const PlanSlice& slice) {
    std::vector<PlanSlice> missing = read(slice);
    const bool all = missing.size() == 1 && missing[0].channels == slice.channels;
    return all ? GradientWrite{true, {}} : GradientWrite{false, std::move(missing)};
  }

 private:
  std::vector<std::vector<bool>> written_;
};

}  // namespace

PlanGradients plan_gradients(const Plan& plan) {
  WrittenChannels written(plan);
  PlanGradients result;
  result.steps.resize(plan.steps.size());
  for (std::size_t i = plan.steps.size(); i-- > 0;) {
    StepGradients& step = result.steps[i];
    if (const PlanSlice* output = output_of(plan.steps[i]))
      step.clear_output = written.read(*output);
    if (const PlanSlice* residual = residual_of(plan.steps[i])) {
      step.residual = written.write(*residual);
    }
    step.input = written.write(input_of(plan.steps[i]));
  }
  result.clear_input = written.read(plan.input);
  return result;
}

}  // namespace odin
