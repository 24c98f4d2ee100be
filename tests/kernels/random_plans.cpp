#include "tests/kernels/random_plans.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace odin::test {

PlanSlice part(PlanSlice slice, int begin, int channels) {
  slice.begin += begin;
  slice.channels = channels;
  return slice;
}

PlanSlice RandomPlan::buffer(int channels, int height, int width) {
  plan_.buffers.push_back({channels, height, width});
  return {static_cast<int>(plan_.buffers.size()) - 1, 0, channels};
}

PlanSlice RandomPlan::input(int channels, int height, int width) {
  plan_.input = buffer(channels, height, width);
  return plan_.input;
}

std::vector<float> RandomPlan::values(std::int64_t count, double mean, double deviation) {
  std::normal_distribution<float> normal(static_cast<float>(mean), static_cast<float>(deviation));
  std::vector<float> result(static_cast<std::size_t>(count));
  // Drawing the 36 million numbers of WRN-28-10 would take longer than what is tested: they repeat.
  const auto drawn = std::min(result.size(), std::size_t{1} << 16);
  std::generate_n(result.begin(), drawn, [&] { return normal(random_); });
  for (std::size_t i = drawn; i < result.size(); i += drawn)
    std::copy_n(result.begin(), std::min(drawn, result.size() - i),
                result.begin() + static_cast<std::ptrdiff_t>(i));
  return result;
}

Normalisation RandomPlan::normalisation(int channels, bool relu) {
  return {values(channels, 1.0, 0.1), values(channels, 0.0, 0.2), relu};
}

PlanConvolution& RandomPlan::convolution(const PlanSlice& input, const PlanSlice& output,
                                         const Options& options) {
  PlanConvolution step;
  step.input = input;
  step.output = output;
  step.kernel = options.kernel;
  step.stride = options.stride;
  step.padding = options.padding;
  const double fan_in = double(input.channels) * options.kernel * options.kernel;
  step.weights =
      values(static_cast<std::int64_t>(fan_in) * output.channels, 0.0, std::sqrt(2.0 / fan_in));
  if (options.bias) step.bias = values(output.channels, 0.0, 0.2);
  if (options.prologue) step.prologue = normalisation(input.channels, true);
  step.relu = options.relu;
  if (options.residual != nullptr) step.residual = *options.residual;
  plan_.steps.emplace_back(std::move(step));
  return std::get<PlanConvolution>(plan_.steps.back());
}

PlanPool& RandomPlan::pool(const PlanSlice& input, const PlanSlice& output, int window, int stride,
                           bool prologue) {
  PlanPool step{input, output, window, stride, {}};
  if (prologue) step.prologue = normalisation(input.channels, true);
  plan_.steps.emplace_back(std::move(step));
  return std::get<PlanPool>(plan_.steps.back());
}

PlanNormalise& RandomPlan::normalise(const PlanSlice& input, const PlanSlice& output, bool relu) {
  plan_.steps.emplace_back(PlanNormalise{input, output, normalisation(input.channels, relu)});
  return std::get<PlanNormalise>(plan_.steps.back());
}

Plan RandomPlan::linear(const PlanSlice& input, int classes) {
  const PlanBuffer& buffer = plan_.buffers[static_cast<std::size_t>(input.buffer)];
  const std::int64_t inputs = std::int64_t{input.channels} * buffer.height * buffer.width;
  plan_.steps.emplace_back(
      PlanLinear{input, values(inputs * classes, 0.0, 1.0 / std::sqrt(double(inputs))),
                 values(classes, 0.0, 0.1)});
  plan_.classes = classes;
  return std::move(plan_);
}

Plan random_densenet(std::uint32_t seed) {
  constexpr int kGrowth = 12;
  constexpr int kLayers = 16;
  RandomPlan plan("DenseNet-BC-100", seed);
  const PlanSlice image = plan.input(3, 32, 32);
  int channels = 2 * kGrowth;
  int size = 32;
  PlanSlice block = plan.buffer(channels + kLayers * kGrowth, size, size);
  plan.convolution(image, part(block, 0, channels), {.kernel = 3, .padding = 1, .prologue = false});
  for (int b = 0; b < 3; ++b) {
    for (int l = 0; l < kLayers; ++l, channels += kGrowth) {
      const PlanSlice hidden = plan.buffer(4 * kGrowth, size, size);
      plan.convolution(part(block, 0, channels), hidden, {.bias = true, .relu = true});
      plan.convolution(hidden, part(block, channels, kGrowth),
                       {.kernel = 3, .padding = 1, .prologue = false});
    }
    if (b == 2) break;
    const PlanSlice pooled = plan.buffer(channels, size / 2, size / 2);
    plan.pool(block, pooled, 2, 2, true);
    channels /= 2;
    size /= 2;
    block = plan.buffer(channels + kLayers * kGrowth, size, size);
    plan.convolution(pooled, part(block, 0, channels), {.prologue = false});
  }
  const PlanSlice features = plan.buffer(channels, 1, 1);
  plan.pool(block, features, size, 1, true);
  return plan.linear(features, 10);
}

Plan random_wide_resnet(std::uint32_t seed) {
  constexpr int kBlocks = 4;
  constexpr int kWidths[] = {160, 320, 640};
  RandomPlan plan("WRN-28-10", seed);
  const PlanSlice image = plan.input(3, 32, 32);
  PlanSlice x = plan.buffer(16, 32, 32);
  plan.convolution(image, x, {.kernel = 3, .padding = 1, .prologue = false});
  int size = 32;
  for (int stage = 0; stage < 3; ++stage) {
    for (int b = 0; b < kBlocks; ++b) {
      const int stride = stage > 0 && b == 0 ? 2 : 1;
      size /= stride;
      const int width = kWidths[stage];
      const PlanSlice hidden = plan.buffer(width, size, size);
      const Normalisation first =
          *plan.convolution(
                   x, hidden,
                   {.kernel = 3, .stride = stride, .padding = 1, .bias = true, .relu = true})
               .prologue;
      PlanSlice shortcut = x;
      if (b == 0) {
        shortcut = plan.buffer(width, size, size);
        plan.convolution(x, shortcut, {.stride = stride}).prologue = first;
      }
      const PlanSlice sum = plan.buffer(width, size, size);
      plan.convolution(hidden, sum,
                       {.kernel = 3, .padding = 1, .prologue = false, .residual = &shortcut});
      x = sum;
    }
  }
  const PlanSlice features = plan.buffer(x.channels, 1, 1);
  plan.pool(x, features, size, 1, true);
  return plan.linear(features, 10);
}

std::vector<float> random_images(const Plan& plan, std::int64_t n, std::uint32_t seed) {
  const PlanBuffer& buffer = plan.buffers[static_cast<std::size_t>(plan.input.buffer)];
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> images(
      static_cast<std::size_t>(n * plan.input.channels * buffer.height * buffer.width));
  for (float& v : images) v = normal(random);
  return images;
}

}  // namespace odin::test
