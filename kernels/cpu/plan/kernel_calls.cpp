#include "kernels/cpu/plan/kernel_calls.h"

#include <algorithm>
#include <cstdint>

#include "kernels/as_size.h"
#include "kernels/cpu/plan/classifier.h"

namespace odin::cpu {
namespace {

Planes at(const CallSite& site, const PlacedPlanes& place) {
  float* data = site.buffers + place.offset;
  if (place.whole_group) data += site.first * as_size(place.image);
  return {data, place.image, place.plane};
}

// Null if the step has no ReLU, or if nobody will read the mask.
MaskPlanes at(const CallSite& site, const std::optional<PlacedMask>& place) {
  if (!place || !site.keeps_masks) return {};
  const std::size_t words = place->offset + site.first * as_size(place->image);
  return {site.masks + words * as_size(site.word_bytes), place->image, place->plane};
}

void execute(const ConvolutionCall& call, const CallSite& site) {
  ConvolutionTask task = call.task;
  task.images = static_cast<int>(site.images);
  task.in = at(site, call.in);
  task.out = at(site, call.out);
  if (call.residual) task.residual = at(site, *call.residual);
  task.in_mask = at(site, call.in_mask);
  task.out_mask = at(site, call.out_mask);
  task.weights = site.weights + call.weights;
  task.workspace = site.workspace;
  call.kernel(task);
}

void execute(const PlanesCall& call, const CallSite& site) {
  PlaneTask task = call.task;
  task.images = static_cast<int>(site.images);
  task.in = at(site, call.in);
  task.out = at(site, call.out);
  task.mask = at(site, call.mask);
  task.workspace = site.workspace;
  call.kernel(task);
}

void execute(const ClearCall& call, const CallSite& site) {
  const Planes gradient = at(site, call.gradient);
  for (std::size_t i = 0; i < site.images; ++i) {
    std::fill_n(gradient.data + i * as_size(gradient.image), call.floats, 0.0f);
  }
}

void execute(const LinearCall& call, const CallSite& site) {
  const Classifier classifier{call.channels, call.pixels, site.classes, call.weights};
  const Planes in = at(site, call.in);
  linear(classifier, call.bias, in, site.images, site.logits);
  if (site.features != nullptr) copy_features(classifier, in, site.images, site.features);
}

void execute(const LinearBackwardCall& call, const CallSite& site) {
  linear_backward({call.channels, call.pixels, site.classes, call.weights}, site.logits,
                  site.objective, site.temperature, call.accumulate, site.logit_gradients,
                  site.images, at(site, call.gradient));
}

}  // namespace

void execute(const KernelCall& call, const CallSite& site) {
  std::visit([&](const auto& c) { execute(c, site); }, call);
}

}  // namespace odin::cpu
