// Plans: what they promise, and the error for every broken promise.
#include "kernels/plan.h"

#include <functional>
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include "kernels/error.h"

namespace odin::test {
namespace {

// A small plan with a step of every kind: image 3 x 8 x 8, two convolutions that fill one buffer of
// 6 channels, the second with a prologue and a residual, a pool, a normalisation and the linear
// step.
Plan small_plan() {
  const Normalisation three{{1, 1, 1}, {0, 0, 0}, true};
  const Normalisation six{{1, 1, 1, 1, 1, 1}, {0, 0, 0, 0, 0, 0}, true};
  Plan plan;
  plan.name = std::string("P");
  plan.classes = 2;
  plan.buffers = {{3, 8, 8}, {6, 8, 8}, {6, 4, 4}, {6, 4, 4}};
  plan.input = {0, 0, 3};
  plan.steps.emplace_back(PlanConvolution{.input = {0, 0, 3},
                                          .output = {1, 0, 3},
                                          .kernel = 3,
                                          .stride = 1,
                                          .padding = 1,
                                          .weights = std::vector<float>(81),
                                          .bias = {},
                                          .prologue = {},
                                          .relu = false,
                                          .residual = {}});
  plan.steps.emplace_back(PlanConvolution{.input = {1, 0, 3},
                                          .output = {1, 3, 3},
                                          .kernel = 1,
                                          .stride = 1,
                                          .padding = 0,
                                          .weights = std::vector<float>(9),
                                          .bias = {1, 2, 3},
                                          .prologue = three,
                                          .relu = false,
                                          .residual = PlanSlice{0, 0, 3}});
  plan.steps.emplace_back(
      PlanPool{.input = {1, 0, 6}, .output = {2, 0, 6}, .window = 2, .stride = 2, .prologue = six});
  plan.steps.emplace_back(
      PlanNormalise{.input = {2, 0, 6}, .output = {3, 0, 6}, .normalisation = six});
  plan.steps.emplace_back(
      PlanLinear{.input = {3, 0, 6}, .weights = std::vector<float>(2 * 6 * 16), .bias = {0, 0}});
  return plan;
}

PlanConvolution& convolution(Plan& plan, std::size_t step) {
  return std::get<PlanConvolution>(plan.steps[step]);
}
PlanPool& pool(Plan& plan) {
  return std::get<PlanPool>(plan.steps[2]);
}
PlanNormalise& normalise(Plan& plan) {
  return std::get<PlanNormalise>(plan.steps[3]);
}
PlanLinear& linear(Plan& plan) {
  return std::get<PlanLinear>(plan.steps[4]);
}

TEST_CASE("a plan that keeps its promises is valid, and its sizes are counted") {
  const Plan plan = small_plan();
  CHECK_NOTHROW(validate(plan));
  CHECK(plan.features() == 6 * 4 * 4);
  CHECK(multiply_adds(plan) == 81 * 64 + 9 * 64 + 2 * 6 * 16);
}

TEST_CASE("the elements that ODIN moves count every operand of every step once") {
  // Forward: the image and 3 channels; 3, the residual and 3; 6 and a quarter of them; a quarter
  // twice; a quarter.
  const std::int64_t quarter = 6 * 16;
  const std::int64_t forward = 6 * 64 + 9 * 64 + (6 * 64 + quarter) + 2 * quarter + quarter;
  // Backward, from the end: the linear step writes a gradient; the normalisation reads it and
  // writes one; the pool reads that and writes one of four times the size; the second convolution
  // reads its part and adds to the other; the first convolution adds to the image's gradient, which
  // the residual has begun.
  const std::int64_t backward =
      quarter + 2 * quarter + (quarter + 6 * 64) + (3 + 2 * 3) * 64 + (3 + 2 * 3) * 64;
  CHECK(odin_elements_moved(small_plan()) == 2 * forward + backward);
}

struct Broken {
  const char* sentence;
  std::function<void(Plan&)> damage;
};

TEST_CASE("a plan that breaks a promise is refused with an error that names the step") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Broken cases[] = {
      {"plan P: a buffer of 6 x 0 x 8 is empty", [](Plan& p) { p.buffers[1].height = 0; }},
      {"plan P: it has no classes", [](Plan& p) { p.classes = 0; }},
      {"plan P: it has no steps", [](Plan& p) { p.steps.clear(); }},
      {"plan P, step 0: buffer 9 does not exist", [](Plan& p) { p.input.buffer = 9; }},
      {"plan P, step 0: buffer -1 does not exist",
       [](Plan& p) { convolution(p, 0).input.buffer = -1; }},
      {"plan P, step 0: channels [1, 4) are outside buffer 0, which has 3",
       [](Plan& p) { convolution(p, 0).input.begin = 1; }},
      {"plan P, step 0: channels [-1, 2) are outside buffer 0, which has 3",
       [](Plan& p) { convolution(p, 0).input.begin = -1; }},
      {"plan P, step 0: channels [0, 0) are outside buffer 0, which has 3",
       [](Plan& p) { convolution(p, 0).input.channels = 0; }},
      {"plan P, step 1: channel 3 of buffer 1 is read before it is written",
       [](Plan& p) {
         convolution(p, 1).input = {1, 1, 3};
       }},
      {"plan P, step 1: channel 2 of buffer 1 is written twice",
       [](Plan& p) { convolution(p, 1).output.begin = 2; }},
      {"plan P, step 0: 80 weights are given where 81 are needed",
       [](Plan& p) { convolution(p, 0).weights.pop_back(); }},
      {"plan P, step 0: one of the weights is not finite",
       [=](Plan& p) { convolution(p, 0).weights[3] = nan; }},
      {"plan P, step 1: 2 biases are given where 3 are needed",
       [](Plan& p) { convolution(p, 1).bias.pop_back(); }},
      {"plan P, step 1: one of the biases is not finite",
       [=](Plan& p) { convolution(p, 1).bias[0] = nan; }},
      {"plan P, step 1: 4 scales are given where 3 are needed",
       [](Plan& p) { convolution(p, 1).prologue->scale.push_back(1); }},
      {"plan P, step 1: 2 shifts are given where 3 are needed",
       [](Plan& p) { convolution(p, 1).prologue->shift.pop_back(); }},
      {"plan P, step 1: one of the shifts is not finite",
       [=](Plan& p) { convolution(p, 1).prologue->shift[1] = nan; }},
      {"plan P, step 1: the prologue of a convolution ends in a ReLU",
       [](Plan& p) { convolution(p, 1).prologue->relu = false; }},
      {"plan P, step 0: the result is 6 x 6, its buffer 8 x 8",
       [](Plan& p) { convolution(p, 0).padding = 0; }},
      {"a window of 3 at stride 0 with padding 1 is not possible",
       [](Plan& p) { convolution(p, 0).stride = 0; }},
      {"plan P, step 1: a residual after a ReLU is not supported",
       [](Plan& p) { convolution(p, 1).relu = true; }},
      {"plan P, step 1: the residual has 2 channels, not 3",
       [](Plan& p) { convolution(p, 1).residual->channels = 2; }},
      {"plan P, step 1: the result is 9 x 9, its buffer 8 x 8",
       [](Plan& p) {
         p.buffers.push_back({3, 9, 9});
         p.input = {4, 0, 3};
         convolution(p, 0) = {.input = {4, 0, 3},
                              .output = {1, 0, 3},
                              .kernel = 2,
                              .stride = 1,
                              .padding = 0,
                              .weights = std::vector<float>(36),
                              .bias = {},
                              .prologue = {},
                              .relu = false,
                              .residual = {}};
         convolution(p, 1).residual = PlanSlice{4, 0, 3};
       }},
      {"plan P, step 2: a pool keeps the number of channels",
       [](Plan& p) { pool(p).output.channels = 5; }},
      {"plan P, step 2: the result is 3 x 3, its buffer 4 x 4",
       [](Plan& p) { pool(p).window = 3; }},
      {"plan P, step 2: 5 scales are given where 6 are needed",
       [](Plan& p) { pool(p).prologue->scale.pop_back(); }},
      {"plan P, step 3: a normalisation keeps the number of channels",
       [](Plan& p) { normalise(p).output.channels = 5; }},
      {"plan P, step 3: the result is 4 x 4, its buffer 4 x 5",
       [](Plan& p) { p.buffers[3].width = 5; }},
      {"plan P, step 3: one of the scales is not finite",
       [=](Plan& p) { normalise(p).normalisation.scale[0] = nan; }},
      {"plan P, step 4: 191 weights are given where 192 are needed",
       [](Plan& p) { linear(p).weights.pop_back(); }},
      {"plan P, step 4: 3 biases are given where 2 are needed",
       [](Plan& p) { linear(p).bias.push_back(0); }},
      {"plan P, step 3: the last step must be linear, and no other step",
       [](Plan& p) { p.steps.pop_back(); }},
      {"plan P, step 4: the last step must be linear, and no other step",
       [](Plan& p) { p.steps.push_back(p.steps.back()); }},
  };
  for (const Broken& broken : cases) {
    Plan plan = small_plan();
    broken.damage(plan);
    CHECK_THROWS_WITH_AS(validate(plan), broken.sentence, Error);
  }
}

struct BadRun {
  const char* sentence;
  std::function<void(std::vector<OdinSetting>&, OdinResults&, const float*&, std::int64_t&)> damage;
};

TEST_CASE("a run whose arguments do not fit the plan is refused") {
  const Plan plan = small_plan();
  const std::vector<float> image(3 * 8 * 8);
  std::vector<float> logits(2);
  std::vector<float> others(3 * 8 * 8);  // for features and something else
  const auto check = [&](const auto& damage) {
    std::vector<OdinSetting> settings{{1000, {{0.1f, 0.1f, 0.1f}}}};
    OdinResults results{logits.data(), logits.data(), nullptr};
    const float* images = image.data();
    std::int64_t n = 1;
    damage(settings, results, images, n);
    check_run(plan, images, n, settings, results);
  };
  CHECK_NOTHROW(check([](auto&, auto&, auto&, auto&) {}));
  CHECK_NOTHROW(check([](auto&, auto& results, auto& images, auto& n) {
    n = 0;
    images = nullptr;
    results = {};
  }));
  CHECK_NOTHROW(check([](auto& settings, auto& results, auto&, auto&) {
    settings[0].steps.clear();
    results.perturbed = nullptr;
  }));
  const BadRun cases[] = {
      {"plan P: -1 images cannot be run", [](auto&, auto&, auto&, auto& n) { n = -1; }},
      {"plan P: a temperature must be above zero and finite, not 0",
       [](auto& settings, auto&, auto&, auto&) { settings[0].temperature = 0; }},
      {"plan P: a temperature must be above zero and finite, not inf",
       [](auto& settings, auto&, auto&, auto&) {
         settings[0].temperature = std::numeric_limits<double>::infinity();
       }},
      {"plan P: a perturbation has 2 steps for 3 input channels",
       [](auto& settings, auto&, auto&, auto&) { settings[0].steps[0].pop_back(); }},
      {"plan P: the images and the place for the logits must be given",
       [](auto&, auto&, auto& images, auto&) { images = nullptr; }},
      {"plan P: the images and the place for the logits must be given",
       [](auto&, auto& results, auto&, auto&) { results.logits = nullptr; }},
      {"plan P: a place for the logits of the perturbed images must be given",
       [](auto&, auto& results, auto&, auto&) { results.perturbed = nullptr; }},
      {"plan P: the features need a place of their own, not that of the images or logits",
       [](auto&, auto& results, auto&, auto&) { results.features = results.logits; }},
      {"plan P: the features need a place of their own, not that of the images or logits",
       [&](auto&, auto& results, auto&, auto&) {
         results.perturbed = results.features = others.data();
       }},
      {"plan P: the features need a place of their own, not that of the images or logits",
       [&](auto&, auto& results, auto& images, auto&) {
         images = results.features = others.data();
       }},
  };
  for (const BadRun& bad : cases) {
    CHECK_THROWS_WITH_AS(check(bad.damage), bad.sentence, Error);
  }
}

}  // namespace
}  // namespace odin::test
