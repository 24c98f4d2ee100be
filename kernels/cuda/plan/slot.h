// One batch of an evaluation under way on the GPU.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "kernels/cuda/plan/program.h"
#include "kernels/cuda/runtime/memory.h"
#include "kernels/cuda/runtime/stream.h"
#include "kernels/plan.h"

namespace odin::cuda {

// A request without its number of images: what one recorded graph computes.
struct Request {
  struct Setting {
    OdinObjective objective;
    double temperature;
    std::size_t steps;
    auto operator<=>(const Setting& other) const = default;
  };
  std::vector<Setting> settings;
  bool gradient = false;  // gradients are results too
  bool features = false;  // so are features

  bool operator<(const Request& other) const {
    return std::tie(settings, gradient, features) <
           std::tie(other.settings, other.gradient, other.features);
  }
  PlanPasses passes() const {
    return settings.empty()       ? PlanPasses::kForward
           : settings.size() == 1 ? PlanPasses::kGradient
                                  : PlanPasses::kGradients;
  }
  std::size_t steps() const {
    std::size_t count = 0;
    for (const Setting& setting : settings) count += setting.steps;
    return count;
  }
  std::size_t rows() const { return 1 + steps(); }  // forward passes
};

// Sizes of a plan's images, features and logits, in elements.
struct Extents {
  int channels;
  int height;
  int width;
  int classes;
  std::size_t features;

  explicit Extents(const Plan& plan)
      : channels(plan.input.channels),
        height(plan.buffers[static_cast<std::size_t>(plan.input.buffer)].height),
        width(plan.buffers[static_cast<std::size_t>(plan.input.buffer)].width),
        classes(plan.classes),
        features(static_cast<std::size_t>(plan.features())) {}

  std::size_t image() const { return static_cast<std::size_t>(channels * height * width); }
  // Of an image in our layout, padded for loads of 16 bytes.
  int pitch() const { return (channels + 3) / 4 * 4; }
  std::size_t padded_image() const { return static_cast<std::size_t>(pitch() * height * width); }
  std::size_t logits() const { return static_cast<std::size_t>(classes); }
};

// One batch under way: its stream, its memory on both sides, its recorded graphs.
class Slot {
 public:
  explicit Slot(const Extents& extents) : extents_(extents) {}

  // Takes the memory for batches of up to `images`, and forgets the graphs whose memory was given
  // back. Throws OutOfMemory.
  void reserve(const Request& request, std::size_t images, std::size_t arena);

  void set_steps(std::span<const OdinSetting> settings);

  // Queues `count` images as a batch of layout.images(); what is beyond the last one is zero.
  void start(Program& runner, const MemoryLayout& layout, const Request& request,
             const float* images, std::int64_t first, std::int64_t count);

  // Waits for the batch under way, if any, and copies its results to where they belong.
  void finish(const Request& request, std::int64_t n, const OdinResults& results);

  // After an error: nothing may be under way when memory is given back.
  void abandon() noexcept;

 private:
  struct Pending {
    std::int64_t first;
    std::int64_t count;
    std::size_t images;
  };

  View image_view(const DeviceBuffer& buffer, std::size_t index, int images) const;
  // Queues everything for a batch, from the copy of the images to that of the results.
  void encode(Program& runner, const MemoryLayout& layout, const Request& request);
  void transfer(void* to, const void* from, std::size_t floats, cudaMemcpyKind kind);

  Extents extents_;
  OwnedStream stream_;
  Event done_;
  DeviceBuffer arena_;
  DeviceBuffer nchw_;  // images as they arrive
  DeviceBuffer image_;
  DeviceBuffer perturbed_;
  DeviceBuffer gradients_;       // in the image, one per setting
  DeviceBuffer gradients_nchw_;  // the same as results
  DeviceBuffer logits_;          // (forward passes, images, classes)
  DeviceBuffer features_;        // (images, features)
  DeviceBuffer steps_;           // (steps, channels)
  PinnedBuffer images_host_;
  PinnedBuffer logits_host_;
  PinnedBuffer features_host_;
  PinnedBuffer gradients_host_;
  std::map<std::pair<int, Request>, Graph> graphs_;  // after the memory that they use
  std::optional<Pending> pending_;
};

}  // namespace odin::cuda
