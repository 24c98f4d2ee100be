// Which steps of a backward pass set a gradient, add to it, or need it cleared.
#include "kernels/plan_gradients.h"

#include <doctest/doctest.h>

#include "tests/kernels/random_plans.h"

namespace odin::test {
namespace {

using Slices = std::vector<PlanSlice>;

PlanNormalise copy_of(const PlanSlice& input, const PlanSlice& output) {
  const auto n = static_cast<std::size_t>(input.channels);
  return {input, output, {std::vector<float>(n, 1.0f), std::vector<float>(n), false}};
}

PlanConvolution convolution(const PlanSlice& input, const PlanSlice& output,
                            std::optional<PlanSlice> residual = {}) {
  PlanConvolution step;
  step.input = input;
  step.output = output;
  step.weights.resize(static_cast<std::size_t>(input.channels * output.channels));
  step.residual = residual;
  return step;
}

PlanLinear linear(const PlanSlice& input) {
  return {input, std::vector<float>(static_cast<std::size_t>(input.channels)), {0}};
}

// A plan on images of one pixel, with buffers of these numbers of channels; the first is the input.
Plan plan_of(const std::vector<int>& channels, std::vector<PlanStep> steps) {
  Plan plan;
  plan.name = "P";
  plan.classes = 1;
  for (const int c : channels) plan.buffers.push_back({c, 1, 1});
  plan.input = {0, 0, channels[0]};
  plan.steps = std::move(steps);
  validate(plan);
  return plan;
}

TEST_CASE("in a chain every step sets the gradient of its input and nothing is cleared") {
  const PlanGradients gradients =
      plan_gradients(plan_of({2, 3, 3}, {convolution({0, 0, 2}, {1, 0, 3}),
                                         copy_of({1, 0, 3}, {2, 0, 3}), linear({2, 0, 3})}));
  REQUIRE(gradients.steps.size() == 3);
  for (const StepGradients& step : gradients.steps) {
    CHECK(step.input.sets);
    CHECK(step.input.clear.empty());
    CHECK(step.clear_output.empty());
    CHECK(!step.residual);
  }
  CHECK(gradients.clear_input.empty());
}

TEST_CASE("the last reader of a slice sets its gradient, the readers before it add") {
  // A dense block: each step reads all channels so far.
  const PlanGradients dense =
      plan_gradients(plan_of({2, 4}, {convolution({0, 0, 2}, {1, 0, 2}),
                                      convolution({1, 0, 2}, {1, 2, 2}), linear({1, 0, 4})}));
  CHECK(dense.steps[2].input.sets);
  CHECK(!dense.steps[1].input.sets);
  CHECK(dense.steps[1].input.clear.empty());
  CHECK(dense.steps[0].input.sets);
}

TEST_CASE("a step that adds to a slice of which a part has no gradient gets that part cleared") {
  // Going backwards, channels 5 and 2 get a gradient before the step that reads all six adds to it.
  const PlanGradients gradients = plan_gradients(plan_of(
      {6, 6, 1, 1, 2}, {convolution({0, 0, 6}, {1, 0, 6}), convolution({1, 0, 6}, {4, 0, 2}),
                        convolution({1, 2, 1}, {2, 0, 1}),
                        convolution({1, 5, 1}, {3, 0, 1}, PlanSlice{2, 0, 1}), linear({3, 0, 1})}));
  CHECK(gradients.steps[3].input.sets);
  CHECK(gradients.steps[2].input.sets);
  CHECK(!gradients.steps[1].input.sets);
  CHECK(gradients.steps[1].input.clear == Slices{{1, 0, 2}, {1, 3, 2}});
  // Nobody reads what step 1 wrote.
  CHECK(gradients.steps[1].clear_output == Slices{{4, 0, 2}});
}

TEST_CASE("a residual is set by the step that is first to reach it, else added to") {
  const Plan plan = plan_of(
      {2, 2, 2, 2},
      {convolution({0, 0, 2}, {1, 0, 2}), convolution({1, 0, 2}, {2, 0, 2}, PlanSlice{1, 0, 2}),
       convolution({2, 0, 2}, {3, 0, 2}, PlanSlice{1, 0, 2}), linear({3, 0, 2})});
  const PlanGradients gradients = plan_gradients(plan);
  REQUIRE(gradients.steps[2].residual);
  CHECK(gradients.steps[2].residual->sets);
  REQUIRE(gradients.steps[1].residual);
  CHECK(!gradients.steps[1].residual->sets);
  CHECK(gradients.steps[1].residual->clear.empty());
  // The residual comes first: the input, which is the same slice, has a gradient by then.
  CHECK(!gradients.steps[1].input.sets);
}

TEST_CASE("channels of the image that no step reads must be cleared") {
  const PlanGradients gradients =
      plan_gradients(plan_of({5, 1}, {convolution({0, 1, 2}, {1, 0, 1}), linear({1, 0, 1})}));
  CHECK(gradients.clear_input == Slices{{0, 0, 1}, {0, 3, 2}});
}

// What the comment over PlanGradients promises, followed channel by channel.
TEST_CASE("in both networks every gradient is set or cleared once, before it is added to or read") {
  for (const Plan& plan : {random_densenet(1), random_wide_resnet(1)}) {
    CAPTURE(plan.name);
    const PlanGradients gradients = plan_gradients(plan);
    std::vector<std::vector<bool>> written;
    for (const PlanBuffer& b : plan.buffers) {
      written.emplace_back(static_cast<std::size_t>(b.channels), false);
    }
    const auto check = [&](const PlanSlice& slice, bool expected, bool set) {
      for (int c = slice.begin; c < slice.begin + slice.channels; ++c) {
        auto channel = written[static_cast<std::size_t>(slice.buffer)].begin() + c;
        CHECK(*channel == expected);
        *channel = *channel || set;
      }
    };
    const auto follow = [&](const GradientWrite& write, const PlanSlice& slice) {
      if (!write.sets) {
        for (const PlanSlice& cleared : write.clear) check(cleared, false, true);
      }
      check(slice, !write.sets, true);
    };
    for (std::size_t i = plan.steps.size(); i-- > 0;) {
      const StepGradients& step = gradients.steps[i];
      for (const PlanSlice& cleared : step.clear_output) check(cleared, false, true);
      if (const PlanSlice* output = output_of(plan.steps[i])) check(*output, true, false);
      if (const PlanSlice* residual = residual_of(plan.steps[i])) follow(*step.residual, *residual);
      follow(step.input, input_of(plan.steps[i]));
    }
    for (const PlanSlice& cleared : gradients.clear_input) check(cleared, false, true);
    check(plan.input, true, false);
  }
}

}  // namespace
}  // namespace odin::test
