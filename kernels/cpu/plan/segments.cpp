#include "kernels/cpu/plan/segments.h"

#include <algorithm>

namespace odin::cpu {
namespace {

// More weights than this do not stay in a cache.
constexpr std::size_t kCachedWeights = std::size_t{8} << 20;

std::size_t weight_bytes(const Plan& plan) {
  std::size_t bytes = 0;
  for (const PlanStep& step : plan.steps) {
    if (const auto* convolution = std::get_if<PlanConvolution>(&step)) {
      bytes += convolution->weights.size() * sizeof(float);
    }
  }
  return bytes;
}

}  // namespace

Segments cut_into_segments(const Plan& plan, const Blocks& blocks) {
  const bool large_weights = weight_bytes(plan) > kCachedWeights;
  Segments segments;
  int images = 1;
  for (const PlanStep& step : plan.steps) {
    if (const auto* convolution = std::get_if<PlanConvolution>(&step)) {
      const PlanBuffer& out = plan.buffer_of(convolution->output);
      images = images_in_group(blocks, static_cast<long>(out.height) * out.width, large_weights);
    }
    if (segments.images.empty() || segments.images.back() != images) {
      segments.images.push_back(images);
    }
    segments.of_step.push_back(segments.images.size() - 1);
    segments.group = std::max(segments.group, images);
  }
  return segments;
}

}  // namespace odin::cpu
