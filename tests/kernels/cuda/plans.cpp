#include "tests/kernels/cuda/plans.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <numeric>
#include <random>

#include "tests/kernels/random_plans.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {

constexpr std::size_t kWeights =
    4;  // of an output's, that are not zero in whole numbers, on average

}  // namespace

Plan small_densenet() {
  RandomPlan plan("small DenseNet", 1);
  const PlanSlice image = plan.input(3, 8, 8);
  const PlanSlice first = plan.buffer(20, 8, 8);
  const PlanSlice second = plan.buffer(22, 4, 4);
  const auto slice = [](PlanSlice of, int begin, int channels) {
    return PlanSlice{of.buffer, begin, channels};
  };
  const auto block = [&](PlanSlice features, int channels, int size) {
    for (int i = 0; i < 2; ++i, channels += 6) {
      const PlanSlice narrow = plan.buffer(24, size, size);
      plan.convolution(slice(features, 0, channels), narrow, {.bias = true, .relu = true});
      plan.convolution(narrow, slice(features, channels, 6),
                       {.kernel = 3, .padding = 1, .prologue = false});
    }
  };
  plan.convolution(image, slice(first, 0, 8), {.kernel = 3, .padding = 1, .prologue = false});
  block(first, 8, 8);
  const PlanSlice pooled = plan.buffer(20, 4, 4);
  plan.pool(first, pooled, 2, 2, true);
  plan.convolution(pooled, slice(second, 0, 10), {.prologue = false});
  block(second, 10, 4);
  const PlanSlice features = plan.buffer(22, 1, 1);
  plan.pool(second, features, 4, 1, true);
  return plan.linear(features, 5);
}

Plan small_resnet() {
  RandomPlan plan("small ResNet", 2);
  const PlanSlice image = plan.input(3, 8, 8);
  const PlanSlice stem = plan.buffer(8, 8, 8);
  plan.convolution(image, stem, {.kernel = 3, .padding = 1, .prologue = false});
  PlanSlice x = stem;
  for (int i = 0; i < 3; ++i) {
    const int stride = i == 0 ? 2 : 1;
    const PlanSlice shortcut = i == 0 ? plan.buffer(56, 4, 4) : x;
    if (i == 0) plan.convolution(x, shortcut, {.stride = 2});
    const PlanSlice h = plan.buffer(56, 4, 4);
    const PlanSlice sum = plan.buffer(56, 4, 4);
    plan.convolution(x, h,
                     {.kernel = 3, .stride = stride, .padding = 1, .bias = true, .relu = true});
    plan.convolution(h, sum, {.kernel = 3, .padding = 1, .prologue = false, .residual = &shortcut});
    x = sum;
  }
  const PlanSlice features = plan.buffer(56, 1, 1);
  plan.pool(x, features, 4, 1, true);
  return plan.linear(features, 4);
}

Plan awkward_plan() {
  RandomPlan plan("awkward", 3);
  const PlanSlice image = plan.input(2, 7, 5);
  const PlanSlice a = plan.buffer(5, 7, 5);
  plan.convolution(image, a, {.kernel = 3, .padding = 1, .prologue = false, .relu = true});
  const PlanSlice b = plan.buffer(5, 7, 5);
  plan.convolution(a, b, {.kernel = 1, .prologue = true, .bias = true, .residual = &a});
  const PlanSlice part{a.buffer, 1, 3};
  const PlanSlice c = plan.buffer(7, 7, 5);
  plan.convolution(part, {c.buffer, 0, 4},
                   {.kernel = 3, .padding = 1, .prologue = false, .relu = true});
  plan.normalise({b.buffer, 2, 3}, {c.buffer, 4, 3}, true);
  const PlanSlice d = plan.buffer(7, 7, 5);
  plan.normalise(c, d, false);
  const PlanSlice e = plan.buffer(6, 4, 3);
  plan.convolution(d, e, {.kernel = 3, .stride = 2, .padding = 1, .prologue = false, .relu = true});
  const PlanSlice f = plan.buffer(6, 3, 2);
  plan.pool(e, f, 2, 1, false);
  return plan.linear(f, 3);
}

Plan in_whole_numbers(Plan plan) {
  std::mt19937 random(1);
  const auto one_of = [&](std::initializer_list<float> choices) {
    return choices.begin()[random() % choices.size()];
  };
  // Equal ones stay equal, since steps may share one.
  const auto whole = [](Normalisation& normalisation) {
    for (float& scale : normalisation.scale) scale = scale < 0.93f ? -1 : scale > 1.07f ? 2 : 1;
    for (float& shift : normalisation.shift) shift = std::round(5 * shift);
  };
  for (PlanStep& step : plan.steps) {
    if (auto* convolution = std::get_if<PlanConvolution>(&step)) {
      const std::size_t fan_in =
          convolution->weights.size() / static_cast<std::size_t>(convolution->output.channels);
      for (float& weight : convolution->weights) {
        weight = random() % fan_in < kWeights ? one_of({-1, 1}) : 0;
      }
      for (float& bias : convolution->bias) bias = one_of({-1, 0, 1});
      if (convolution->prologue) whole(*convolution->prologue);
    } else if (auto* pool = std::get_if<PlanPool>(&step)) {
      if (pool->prologue) whole(*pool->prologue);
    } else if (auto* normalise = std::get_if<PlanNormalise>(&step)) {
      whole(normalise->normalisation);
    }
  }
  return plan;
}

std::vector<float> random_whole_images(const Plan& plan, std::int64_t n, std::uint32_t seed) {
  std::vector<float> images = random_images(plan, n, seed);
  for (float& v : images) v = std::round(v);
  return images;
}

PlanResults run_plan(PlanExecutor& executor, const Plan& plan, const std::vector<float>& images,
                     std::span<const OdinSetting> settings) {
  const auto& in = plan.buffers[static_cast<std::size_t>(plan.input.buffer)];
  const auto elements = static_cast<std::size_t>(in.channels * in.height * in.width);
  const std::size_t n = images.size() / elements;
  const auto classes = static_cast<std::size_t>(plan.classes);
  std::size_t steps = 0;
  for (const OdinSetting& setting : settings) steps += setting.steps.size();
  PlanResults r{std::vector<float>(n * classes),
                std::vector<float>(settings.size() * images.size()),
                std::vector<float>(steps * n * classes),
                std::vector<float>(n * static_cast<std::size_t>(plan.features()))};
  executor.run(images.data(), static_cast<std::int64_t>(n), settings,
               {r.logits.data(), r.perturbed.data(), r.gradient.data(), r.features.data()});
  return r;
}

double direction_error(const Plan& plan, std::span<const float> a, std::span<const float> b) {
  const auto& in = plan.buffers[static_cast<std::size_t>(plan.input.buffer)];
  const auto elements = static_cast<std::size_t>(in.channels * in.height * in.width);
  double worst = 0;
  for (std::size_t begin = 0; begin < a.size(); begin += elements) {
    const auto length = [](std::span<const float> v) {
      return std::sqrt(std::inner_product(v.begin(), v.end(), v.begin(), 0.0));
    };
    std::vector<float> x(a.begin() + static_cast<std::ptrdiff_t>(begin),
                         a.begin() + static_cast<std::ptrdiff_t>(begin + elements));
    const std::span<const float> y = b.subspan(begin, elements);
    const double factor = length(y) / length(x);
    for (float& v : x) v = static_cast<float>(v * factor);
    worst = std::max(worst, relative_error(std::span<const float>(x), y));
  }
  return worst;
}

std::vector<OdinSetting> settings_for(const Plan& plan, std::size_t temperatures) {
  const std::vector<float> step(static_cast<std::size_t>(plan.input.channels), 0.02f);
  std::vector<OdinSetting> settings{{1000, {step}}};
  if (temperatures > 1) settings.push_back({2, {step, std::vector<float>(step.size(), 0.5f)}});
  return settings;
}

}  // namespace odin::test
