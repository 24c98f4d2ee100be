#include "kernels/cuda/plan/plan_executor.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include <cuda_runtime.h>

#include "kernels/cuda/layout.h"
#include "kernels/cuda/perturb.h"
#include "kernels/cuda/plan/passes.h"
#include "kernels/cuda/runtime/status.h"
#include "kernels/cuda/runtime/stream.h"
#include "kernels/cuda/runtime/upload.h"

namespace odin::cuda {
namespace {

// Everything about a request but the number of images: what one recorded graph computes.
struct Request {
  std::vector<std::pair<double, std::size_t>> settings;  // temperature, number of steps
  bool gradient = false;                                 // gradients are results too

  bool operator<(const Request& other) const {
    return std::tie(settings, gradient) < std::tie(other.settings, other.gradient);
  }
  PlanPasses passes() const {
    return settings.empty()       ? PlanPasses::kForward
           : settings.size() == 1 ? PlanPasses::kGradient
                                  : PlanPasses::kGradients;
  }
  std::size_t steps() const {
    std::size_t count = 0;
    for (const auto& setting : settings) count += setting.second;
    return count;
  }
  std::size_t rows() const { return 1 + steps(); }  // forward passes
};

// Sizes of a plan's images and logits, in elements.
struct Extents {
  int channels;
  int height;
  int width;
  int classes;

  explicit Extents(const Plan& plan)
      : channels(plan.input.channels),
        height(plan.buffers[static_cast<std::size_t>(plan.input.buffer)].height),
        width(plan.buffers[static_cast<std::size_t>(plan.input.buffer)].width),
        classes(plan.classes) {}

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

  // Takes the memory for batches of up to `images` and forgets the graphs that lie in memory given
  // back. Throws OutOfMemory.
  void reserve(const Request& request, std::size_t images, std::size_t arena) {
    const std::size_t gradients = request.settings.size() * images;
    const bool grown =
        arena_.grow(arena) | image_.grow(images * extents_.padded_image() * sizeof(float)) |
        perturbed_.grow(request.steps() > 0 ? image_.size() : 0) |
        nchw_.grow(images * extents_.image() * sizeof(float)) |
        images_host_.grow(images * extents_.image() * sizeof(float)) |
        logits_.grow(request.rows() * images * extents_.logits() * sizeof(float)) |
        logits_host_.grow(logits_.size()) |
        gradients_.grow(gradients * extents_.padded_image() * sizeof(float)) |
        gradients_nchw_.grow(request.gradient ? gradients * extents_.image() * sizeof(float) : 0) |
        gradients_host_.grow(gradients_nchw_.size()) |
        steps_.grow(request.steps() * static_cast<std::size_t>(extents_.channels) * sizeof(float));
    if (grown) graphs_.clear();
  }

  void set_steps(std::span<const OdinSetting> settings) {
    std::vector<float> values;
    for (const OdinSetting& setting : settings) {
      for (const std::vector<float>& step : setting.steps) {
        values.insert(values.end(), step.begin(), step.end());
      }
    }
    upload(values.data(), values.size(), steps_.data());
  }

  // Queues `count` images as a batch of layout.images(); what is beyond the last one is zero.
  void start(PlanPassRunner& runner, const MemoryLayout& layout, const Request& request,
             const float* images, std::int64_t first, std::int64_t count) {
    auto* host = images_host_.as<float>();
    const std::size_t given = static_cast<std::size_t>(count) * extents_.image();
    const std::size_t all = static_cast<std::size_t>(layout.images()) * extents_.image();
    std::copy_n(images + static_cast<std::size_t>(first) * extents_.image(), given, host);
    std::fill(host + given, host + all, 0.0f);
    auto recorded = graphs_.find({layout.images(), request});
    if (recorded == graphs_.end()) {
      // Once without recording: that loads kernels and lets cuDNN measure, which a recording cannot.
      encode(runner, layout, request);
      stream_.synchronize();
      recorded =
          graphs_
              .emplace(std::piecewise_construct, std::forward_as_tuple(layout.images(), request),
                       std::forward_as_tuple(stream_, [&] { encode(runner, layout, request); }))
              .first;
    }
    recorded->second.launch(stream_);
    done_.record(stream_);
    pending_ = Pending{first, count, static_cast<std::size_t>(layout.images())};
  }

  // Waits for the batch under way, if there is one, and copies its results to where they belong.
  void finish(const Request& request, std::int64_t n, const OdinResults& results) {
    if (!pending_) return;
    done_.synchronize();
    const auto [first, count, images] = *std::exchange(pending_, std::nullopt);
    const auto copy = [&, begin = static_cast<std::size_t>(first),
                       used = static_cast<std::size_t>(count),
                       stride = images](const PinnedBuffer& from, std::size_t row,
                                        std::size_t elements, float* to, std::size_t to_row) {
      std::copy_n(from.as<float>() + row * stride * elements, used * elements,
                  to + (to_row * static_cast<std::size_t>(n) + begin) * elements);
    };
    copy(logits_host_, 0, extents_.logits(), results.logits, 0);
    for (std::size_t row = 1; row < request.rows(); ++row) {
      copy(logits_host_, row, extents_.logits(), results.perturbed, row - 1);
    }
    for (std::size_t s = 0; request.gradient && s < request.settings.size(); ++s) {
      copy(gradients_host_, s, extents_.image(), results.gradient, s);
    }
  }

  // After an error: nothing may be under way when memory is given back.
  void abandon() noexcept {
    pending_.reset();
    cudaStreamSynchronize(stream_);
  }

 private:
  struct Pending {
    std::int64_t first;
    std::int64_t count;
    std::size_t images;
  };

  View image_view(const DeviceBuffer& buffer, std::size_t index, int images) const {
    const std::size_t offset = index * static_cast<std::size_t>(images) * extents_.padded_image();
    return {buffer.as<float>() + offset, Element::kFloat, images, extents_.height, extents_.width,
            extents_.channels,           extents_.pitch()};
  }

  // Queues all that is to be done for a batch, from the copy of the images to that of the results.
  void encode(PlanPassRunner& runner, const MemoryLayout& layout, const Request& request) {
    const int images = layout.images();
    const auto n = static_cast<std::size_t>(images);
    auto* memory = arena_.as<std::byte>();
    const PlanPassRunner::Batch batch{
        layout, memory, {stream_, layout.workspace(memory), layout.workspace_bytes()}};
    const auto logits = [&](std::size_t row) {
      return View{logits_.as<float>() + row * n * extents_.logits(),
                  Element::kFloat,
                  images,
                  1,
                  1,
                  extents_.classes,
                  extents_.classes};
    };
    transfer(nchw_.data(), images_host_.data(), n * extents_.image(), cudaMemcpyHostToDevice);
    const View image = image_view(image_, 0, images);
    from_nchw(nchw_.as<float>(), image, stream_);
    runner.forward(batch, ForwardPass::kFirst, image, logits(0));
    for (std::size_t s = 0; s < request.settings.size(); ++s) {
      const View gradient = image_view(gradients_, s, images);
      runner.backward(batch, image, logits(0), request.settings[s].first, gradient);
      if (request.gradient) {
        to_nchw(gradient, gradients_nchw_.as<float>() + s * n * extents_.image(), stream_);
      }
    }
    std::size_t row = 1;
    for (std::size_t s = 0; s < request.settings.size(); ++s) {
      for (std::size_t i = 0; i < request.settings[s].second; ++i, ++row) {
        const float* step =
            steps_.as<float>() + (row - 1) * static_cast<std::size_t>(extents_.channels);
        const View perturbed = image_view(perturbed_, 0, images);
        perturb(image, image_view(gradients_, s, images), step, perturbed, stream_);
        runner.forward(batch, ForwardPass::kOther, perturbed, logits(row));
      }
    }
    transfer(logits_host_.data(), logits_.data(), request.rows() * n * extents_.logits(),
             cudaMemcpyDeviceToHost);
    if (request.gradient) {
      transfer(gradients_host_.data(), gradients_nchw_.data(),
               request.settings.size() * n * extents_.image(), cudaMemcpyDeviceToHost);
    }
  }

  void transfer(void* to, const void* from, std::size_t floats, cudaMemcpyKind kind) {
    if (floats == 0) return;
    ODIN_CUDA_CHECK(cudaMemcpyAsync(to, from, floats * sizeof(float), kind, stream_), "{} bytes",
                    floats * sizeof(float));
  }

  Extents extents_;
  OwnedStream stream_;
  Event done_;
  DeviceBuffer arena_;
  DeviceBuffer nchw_;  // images as they come
  DeviceBuffer image_;
  DeviceBuffer perturbed_;
  DeviceBuffer gradients_;       // one of the image per setting
  DeviceBuffer gradients_nchw_;  // the same as results
  DeviceBuffer logits_;          // (forward passes, images, classes)
  DeviceBuffer steps_;           // (steps, channels)
  PinnedBuffer images_host_;
  PinnedBuffer logits_host_;
  PinnedBuffer gradients_host_;
  std::map<std::pair<int, Request>, Graph> graphs_;  // after the memory that they use
  std::optional<Pending> pending_;
};

class CudaPlanExecutor final : public PlanExecutor {
 public:
  CudaPlanExecutor(const Plan& plan, const DeviceOptions& options)
      : options_(options),
        runner_(plan, options),
        extents_(plan),
        batch_(options.batch > 0 ? options.batch : chosen_batch(plan)) {
    ODIN_CUDA_CHECK(cudaGetDevice(&device_));
  }

  void run(const float* images, std::int64_t n, std::span<const OdinSetting> settings,
           const OdinResults& results) override {
    check_run(runner_.plan(), images, n, settings, results);
    if (n == 0) return;
    // A GPU is current for a thread, and whoever runs a plan may not be who prepared it.
    ODIN_CUDA_CHECK(cudaSetDevice(device_), "GPU {}", device_);
    Request request;
    request.gradient = results.gradient != nullptr && !settings.empty();
    for (const OdinSetting& setting : settings) {
      request.settings.emplace_back(setting.temperature, setting.steps.size());
    }
    // Memory can run out at any time, also where libraries measure and graphs are made; a smaller
    // batch then begins anew.
    for (;;) {
      try {
        prepare(request, settings, n);
        run_batches(request, images, n, results);
        return;
      } catch (const OutOfMemory& e) {
        abandon();
        slots_.clear();
        halve_batch(n, e);
      } catch (...) {
        abandon();
        throw;
      }
    }
  }

  std::int64_t preferred_batch() const override { return std::int64_t{8} * batch_; }

  std::string description() const override {
    return fmt::format("{}, {} convolutions, batches of {}, {} at a time",
                       name_of(options_.precision), name_of(options_.convolution), batch_, kSlots);
  }

 private:
  static constexpr std::size_t kSlots = 2;

  // Enough pixels to fill a large GPU in the last stage too, at 8 x 8.
  static int chosen_batch(const Plan& plan) {
    constexpr std::int64_t kLight = 1'000'000'000;  // multiply-adds: a DenseNet, not a wide ResNet
    return multiply_adds(plan) < kLight ? 512 : 256;
  }

  // Batches have sizes of powers of two, or the full one, so that few graphs are recorded.
  int shape_for(std::int64_t count) const {
    return std::min(batch_, static_cast<int>(std::bit_ceil(static_cast<std::uint64_t>(count))));
  }

  const MemoryLayout& layout(const Request& request, int images) {
    const std::pair key{images, request.passes()};
    auto found = layouts_.find(key);
    if (found == layouts_.end()) {
      found = layouts_.emplace(key, runner_.layout(images, request.passes())).first;
    }
    return found->second;
  }

  // Takes the memory that n images need. Throws OutOfMemory.
  void prepare(const Request& request, std::span<const OdinSetting> settings, std::int64_t n) {
    const std::int64_t batches = (n + batch_ - 1) / batch_;
    while (slots_.size() < std::min<std::size_t>(kSlots, static_cast<std::size_t>(batches))) {
      slots_.push_back(std::make_unique<Slot>(extents_));
    }
    const int largest = shape_for(std::min<std::int64_t>(n, batch_));
    std::size_t arena = layout(request, largest).size();
    if (n % batch_ != 0) arena = std::max(arena, layout(request, shape_for(n % batch_)).size());
    for (std::unique_ptr<Slot>& slot : slots_) {
      slot->reserve(request, static_cast<std::size_t>(largest), arena);
      slot->set_steps(settings);
    }
  }

  void run_batches(const Request& request, const float* images, std::int64_t n,
                   const OdinResults& results) {
    std::size_t turn = 0;
    for (std::int64_t first = 0; first < n;) {
      const std::int64_t count = std::min<std::int64_t>(n - first, batch_);
      Slot& slot = *slots_[turn++ % slots_.size()];
      slot.finish(request, n, results);
      slot.start(runner_, layout(request, shape_for(count)), request, images, first, count);
      first += count;
    }
    for (std::unique_ptr<Slot>& slot : slots_) slot->finish(request, n, results);
  }

  void abandon() noexcept {
    for (std::unique_ptr<Slot>& slot : slots_) slot->abandon();
  }

  void halve_batch(std::int64_t n, const OutOfMemory& e) {
    const auto tried = static_cast<int>(std::min<std::int64_t>(batch_, n));
    require(tried > 1, "the GPU's memory does not hold a single image of {}: {}",
            runner_.plan().name, e.what());
    batch_ = tried / 2;
    fmt::print(stderr, "The GPU's memory does not hold a batch of {} images; going on with {}.\n",
               tried, batch_);
  }

  DeviceOptions options_;
  PlanPassRunner runner_;
  Extents extents_;
  int batch_;
  int device_ = 0;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::map<std::pair<int, PlanPasses>, MemoryLayout> layouts_;
};

}  // namespace

std::unique_ptr<PlanExecutor> make_plan_executor(const Plan& plan, const DeviceOptions& options) {
  return std::make_unique<CudaPlanExecutor>(plan, options);
}

}  // namespace odin::cuda
