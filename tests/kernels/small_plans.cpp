#include "tests/kernels/small_plans.h"

#include <algorithm>

namespace odin::test {

Plan dense_plan(int height, int width, int growth) {
  RandomPlan plan("dense", 1);
  const PlanSlice image = plan.input(3, height, width);
  int channels = 2 * growth;
  PlanSlice block = plan.buffer(channels + 2 * growth, height, width);
  plan.convolution(image, part(block, 0, channels), {.kernel = 3, .padding = 1, .prologue = false});
  for (int b = 0; b < 2; ++b) {
    for (int l = 0; l < 2; ++l, channels += growth) {
      const PlanSlice hidden = plan.buffer(4 * growth, height, width);
      plan.convolution(part(block, 0, channels), hidden, {.bias = true, .relu = true});
      plan.convolution(hidden, part(block, channels, growth),
                       {.kernel = 3, .padding = 1, .prologue = false});
    }
    if (b == 1) break;
    height = (height - 2) / 2 + 1;
    width = (width - 2) / 2 + 1;
    const PlanSlice pooled = plan.buffer(channels, height, width);
    plan.pool(block, pooled, 2, 2, true);
    block = plan.buffer(channels / 2 + 2 * growth, height, width);
    plan.convolution(pooled, part(block, 0, channels / 2), {.prologue = false});
    channels /= 2;
  }
  // The map may not be square, so the linear layer reads all of its pixels.
  const PlanSlice features = plan.buffer(channels, height, width);
  plan.normalise(block, features, true);
  return plan.linear(features, 5);
}

Plan residual_plan(int height, int width, int channels, int stride_of_second) {
  RandomPlan plan("residual", 2);
  const PlanSlice image = plan.input(1, height, width);
  PlanSlice x = plan.buffer(channels, height, width);
  plan.convolution(image, x, {.kernel = 3, .padding = 1, .prologue = false});
  for (int b = 0; b < 2; ++b) {
    const int stride = b == 0 ? 1 : stride_of_second;
    const int wide = channels * stride;
    height = (height - 1) / stride + 1;
    width = (width - 1) / stride + 1;
    const PlanSlice hidden = plan.buffer(wide, height, width);
    const Normalisation first =
        *plan.convolution(x, hidden,
                          {.kernel = 3, .stride = stride, .padding = 1, .bias = true, .relu = true})
             .prologue;
    PlanSlice shortcut = x;
    if (b == 1) {
      shortcut = plan.buffer(wide, height, width);
      plan.convolution(x, shortcut, {.stride = stride}).prologue = first;
    }
    const PlanSlice sum = plan.buffer(wide, height, width);
    plan.convolution(hidden, sum,
                     {.kernel = 3, .padding = 1, .prologue = false, .residual = &shortcut});
    x = sum;
  }
  const PlanSlice features = plan.buffer(x.channels, 1, 1);
  const int window = std::min(height, width);
  if (height == width) {
    plan.pool(x, features, window, 1, true);
    return plan.linear(features, 7);
  }
  return plan.linear(x, 7);
}

Plan odd_plan(int height, int width) {
  RandomPlan plan("odd", 3);
  const PlanSlice image = plan.input(7, height, width);
  const PlanSlice a = plan.buffer(13, (height + 4 - 5) / 3 + 1, (width + 4 - 5) / 3 + 1);
  plan.convolution(image, a,
                   {.kernel = 5, .stride = 3, .padding = 2, .prologue = false, .bias = true});
  const int h = (height + 4 - 5) / 3 + 1;
  const int w = (width + 4 - 5) / 3 + 1;
  const PlanSlice b = plan.buffer(10, h + 1, w + 1);
  plan.convolution(part(a, 2, 9), part(b, 1, 8), {.kernel = 2, .padding = 1, .relu = true});
  const PlanSlice c = plan.buffer(8, h + 1, w + 1);
  plan.normalise(part(b, 1, 8), c, false);
  const PlanSlice d = plan.buffer(8, h + 1 - 2, w + 1 - 2);
  plan.pool(c, d, 3, 1, false);
  const PlanSlice e = plan.buffer(8, h + 1 - 2, w + 1 - 2);
  plan.convolution(d, e, {.kernel = 3, .padding = 1, .residual = &d});
  // Some channels of this slice have a gradient already, others have none.
  const PlanSlice f = plan.buffer(4, h + 1 - 2, w + 1 - 2);
  plan.convolution(part(e, 3, 5), f, {});
  return plan.linear(f, 3);
}

Plan single_plan(int in, int out, int height, int width, const RandomPlan::Options& options) {
  RandomPlan plan("single", 4);
  const PlanSlice image = plan.input(in, height, width);
  const int h = (height + 2 * options.padding - options.kernel) / options.stride + 1;
  const int w = (width + 2 * options.padding - options.kernel) / options.stride + 1;
  const PlanSlice result = plan.buffer(out, h, w);
  plan.convolution(image, result, options);
  return plan.linear(result, 4);
}

std::vector<Plan> small_plans() {
  std::vector<Plan> plans;
  plans.push_back(dense_plan(32, 32, 3));
  plans.push_back(dense_plan(16, 16, 4));
  plans.push_back(dense_plan(13, 9, 5));
  plans.push_back(dense_plan(10, 34, 3));
  plans.push_back(residual_plan(16, 16, 16));
  plans.push_back(residual_plan(8, 8, 24));
  plans.push_back(residual_plan(15, 11, 10));
  plans.push_back(odd_plan(20, 17));
  plans.push_back(odd_plan(9, 30));
  for (const auto& [height, width] :
       {std::pair{1, 1}, {5, 3}, {4, 4}, {6, 7}, {12, 20}, {3, 70}, {7, 8}, {5, 16}, {9, 32}}) {
    plans.push_back(single_plan(13, 7, height, width, {.kernel = 3, .padding = 1, .bias = true}));
    plans.push_back(
        single_plan(13, 7, height, width, {.kernel = 3, .stride = 2, .padding = 1, .relu = true}));
    plans.push_back(single_plan(3, 13, height, width, {.relu = true}));
  }
  plans.push_back(single_plan(160, 21, 8, 8, {.kernel = 3, .padding = 1, .relu = true}));
  plans.push_back(single_plan(7, 1, 40, 36, {.kernel = 3, .padding = 1}));
  plans.push_back(
      single_plan(25, 30, 32, 32, {.kernel = 3, .stride = 2, .padding = 1, .bias = true}));
  plans.push_back(single_plan(5, 37, 64, 32, {.kernel = 3, .stride = 2, .padding = 1}));
  plans.push_back(single_plan(5, 9, 33, 47, {.kernel = 3, .stride = 2, .padding = 1}));
  return plans;
}

}  // namespace odin::test
