#include "kernels/plan.h"

#include <cmath>

#include "kernels/backend.h"
#include "kernels/error.h"
#include "kernels/plan_gradients.h"

namespace odin {
namespace {

// Walks a plan's steps in order and checks each against the buffers and what is written so far.
class Validator {
 public:
  explicit Validator(const Plan& plan) : plan_(plan) {
    for (const PlanBuffer& buffer : plan.buffers) {
      require(buffer.channels > 0 && buffer.height > 0 && buffer.width > 0,
              "plan {}: a buffer of {} x {} x {} is empty", plan.name, buffer.channels,
              buffer.height, buffer.width);
      written_.emplace_back(static_cast<std::size_t>(buffer.channels), false);
    }
  }

  void check() {
    require(plan_.classes > 0, "plan {}: it has no classes", plan_.name);
    write(plan_.input);
    for (; step_ < plan_.steps.size(); ++step_) {
      std::visit([this](const auto& step) { check(step); }, plan_.steps[step_]);
      const bool last = step_ + 1 == plan_.steps.size();
      expect(std::holds_alternative<PlanLinear>(plan_.steps[step_]) == last,
             "the last step must be linear, and no other step");
    }
    require(!plan_.steps.empty(), "plan {}: it has no steps", plan_.name);
  }

 private:
  template <class... Args>
  void expect(bool condition, fmt::format_string<Args...> format, Args&&... args) const {
    if (!condition) [[unlikely]]
      fail("plan {}, step {}: {}", plan_.name, step_,
           fmt::format(format, std::forward<Args>(args)...));
  }

  const PlanBuffer& buffer(const PlanSlice& slice) const {
    expect(slice.buffer >= 0 && static_cast<std::size_t>(slice.buffer) < plan_.buffers.size(),
           "buffer {} does not exist", slice.buffer);
    const PlanBuffer& found = plan_.buffers[static_cast<std::size_t>(slice.buffer)];
    expect(slice.begin >= 0 && slice.channels > 0 && slice.begin + slice.channels <= found.channels,
           "channels [{}, {}) are outside buffer {}, which has {}", slice.begin,
           slice.begin + slice.channels, slice.buffer, found.channels);
    return found;
  }

  const PlanBuffer& read(const PlanSlice& slice) {
    const PlanBuffer& found = buffer(slice);
    for (int c = slice.begin; c < slice.begin + slice.channels; ++c) {
      expect(written_[static_cast<std::size_t>(slice.buffer)][static_cast<std::size_t>(c)],
             "channel {} of buffer {} is read before it is written", c, slice.buffer);
    }
    return found;
  }

  void write(const PlanSlice& slice) {
    buffer(slice);
    for (int c = slice.begin; c < slice.begin + slice.channels; ++c) {
      auto bit = written_[static_cast<std::size_t>(slice.buffer)].begin() + c;
      expect(!*bit, "channel {} of buffer {} is written twice", c, slice.buffer);
      *bit = true;
    }
  }

  void values(const char* what, const std::vector<float>& given, std::int64_t wanted) const {
    expect(static_cast<std::int64_t>(given.size()) == wanted, "{} {} are given where {} are needed",
           given.size(), what, wanted);
    for (float v : given) expect(std::isfinite(v), "one of the {} is not finite", what);
  }

  void check(const Normalisation& normalisation, int channels) const {
    values("scales", normalisation.scale, channels);
    values("shifts", normalisation.shift, channels);
  }

  void same_extent(const PlanSlice& output, std::int64_t height, std::int64_t width) const {
    const PlanBuffer& out = buffer(output);
    expect(out.height == height && out.width == width, "the result is {} x {}, its buffer {} x {}",
           height, width, out.height, out.width);
  }

  void check(const PlanConvolution& step) {
    const PlanBuffer& in = read(step.input);
    values("weights", step.weights,
           std::int64_t{step.output.channels} * step.input.channels * step.kernel * step.kernel);
    if (!step.bias.empty()) values("biases", step.bias, step.output.channels);
    if (step.prologue) {
      check(*step.prologue, step.input.channels);
      expect(step.prologue->relu, "the prologue of a convolution ends in a ReLU");
    }
    same_extent(step.output, windowed_extent(in.height, step.kernel, step.stride, step.padding),
                windowed_extent(in.width, step.kernel, step.stride, step.padding));
    if (step.residual) {
      const PlanBuffer& residual = read(*step.residual);
      expect(!step.relu, "a residual after a ReLU is not supported");
      expect(step.residual->channels == step.output.channels,
             "the residual has {} channels, not {}", step.residual->channels, step.output.channels);
      same_extent(step.output, residual.height, residual.width);
    }
    write(step.output);
  }

  void check(const PlanPool& step) {
    const PlanBuffer& in = read(step.input);
    if (step.prologue) check(*step.prologue, step.input.channels);
    expect(step.input.channels == step.output.channels, "a pool keeps the number of channels");
    same_extent(step.output, windowed_extent(in.height, step.window, step.stride, 0),
                windowed_extent(in.width, step.window, step.stride, 0));
    write(step.output);
  }

  void check(const PlanNormalise& step) {
    const PlanBuffer& in = read(step.input);
    check(step.normalisation, step.input.channels);
    expect(step.input.channels == step.output.channels,
           "a normalisation keeps the number of channels");
    same_extent(step.output, in.height, in.width);
    write(step.output);
  }

  void check(const PlanLinear& step) {
    const PlanBuffer& in = read(step.input);
    values("weights", step.weights,
           std::int64_t{plan_.classes} * step.input.channels * in.height * in.width);
    values("biases", step.bias, plan_.classes);
  }

  const Plan& plan_;
  std::vector<std::vector<bool>> written_;
  std::size_t step_ = 0;
};

}  // namespace

const PlanSlice& input_of(const PlanStep& step) {
  return std::visit([](const auto& s) -> const PlanSlice& { return s.input; }, step);
}

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

const PlanSlice* residual_of(const PlanStep& step) {
  const auto* convolution = std::get_if<PlanConvolution>(&step);
  return convolution && convolution->residual ? &*convolution->residual : nullptr;
}

int Plan::features() const {
  const PlanSlice& read = input_of(steps.back());
  const PlanBuffer& buffer = buffer_of(read);
  return read.channels * buffer.height * buffer.width;
}

bool overlap(const PlanSlice& a, const PlanSlice& b) {
  return a.buffer == b.buffer && a.begin < b.begin + b.channels && b.begin < a.begin + a.channels;
}

bool contains(const PlanSlice& outer, const PlanSlice& inner) {
  return outer.buffer == inner.buffer && outer.begin <= inner.begin &&
         inner.begin + inner.channels <= outer.begin + outer.channels;
}

void validate(const Plan& plan) {
  Validator(plan).check();
}

std::int64_t multiply_adds(const Plan& plan) {
  std::int64_t total = 0;
  for (const PlanStep& step : plan.steps) {
    if (const auto* convolution = std::get_if<PlanConvolution>(&step)) {
      const PlanBuffer& out = plan.buffer_of(convolution->output);
      total += static_cast<std::int64_t>(convolution->weights.size()) * out.height * out.width;
    } else if (const auto* linear = std::get_if<PlanLinear>(&step)) {
      total += static_cast<std::int64_t>(linear->weights.size());
    }
  }
  return total;
}

std::int64_t odin_elements_moved(const Plan& plan) {
  const PlanGradients gradients = plan_gradients(plan);
  const auto size = [&](const PlanSlice& slice) {
    const PlanBuffer& buffer = plan.buffer_of(slice);
    return std::int64_t{slice.channels} * buffer.height * buffer.width;
  };
  std::int64_t forward = 0;
  std::int64_t backward = 0;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const PlanSlice& input = input_of(plan.steps[i]);
    forward += size(input);
    if (const PlanSlice* output = output_of(plan.steps[i])) {
      forward += size(*output);
      backward += size(*output);
    }
    // The residual's gradient begins as that of the sum, in the same memory.
    if (const PlanSlice* residual = residual_of(plan.steps[i])) forward += size(*residual);
    // The gradient of the input is written. Channels that have one already are read first.
    const GradientWrite& write = gradients.steps[i].input;
    backward += size(input);
    if (!write.sets) {
      backward += size(input);
      for (const PlanSlice& slice : write.clear) backward -= size(slice);
    }
  }
  return 2 * forward + backward;
}

void check_run(const Plan& plan, const float* images, std::int64_t n,
               std::span<const OdinSetting> settings, const OdinResults& results) {
  require(n >= 0, "plan {}: {} images cannot be run", plan.name, n);
  bool perturbs = false;
  for (const OdinSetting& setting : settings) {
    require(setting.temperature > 0 && std::isfinite(setting.temperature),
            "plan {}: a temperature must be above zero and finite, not {}", plan.name,
            setting.temperature);
    for (const std::vector<float>& step : setting.steps) {
      perturbs = true;
      require(step.size() == static_cast<std::size_t>(plan.input.channels),
              "plan {}: a perturbation has {} steps for {} input channels", plan.name, step.size(),
              plan.input.channels);
    }
  }
  if (n == 0) return;
  require(images != nullptr && results.logits != nullptr,
          "plan {}: the images and the place for the logits must be given", plan.name);
  require(!perturbs || results.perturbed != nullptr,
          "plan {}: a place for the logits of the perturbed images must be given", plan.name);
  require(results.features == nullptr ||
              (results.features != images && results.features != results.logits &&
               results.features != results.perturbed),
          "plan {}: the features need a place of their own, not that of the images or logits",
          plan.name);
}

}  // namespace odin
