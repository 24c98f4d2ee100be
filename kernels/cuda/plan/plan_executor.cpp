#include "kernels/cuda/plan/plan_executor.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <map>
#include <utility>

#include <cuda_runtime.h>

#include "kernels/cuda/plan/program.h"
#include "kernels/cuda/plan/slot.h"
#include "kernels/cuda/runtime/status.h"

namespace odin::cuda {
namespace {

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
    // The current GPU belongs to a thread, and another thread may have prepared the plan.
    ODIN_CUDA_CHECK(cudaSetDevice(device_), "GPU {}", device_);
    Request request;
    request.gradient = results.gradient != nullptr && !settings.empty();
    request.features = results.features != nullptr;
    for (const OdinSetting& setting : settings) {
      request.settings.push_back({setting.objective, setting.temperature, setting.steps.size()});
    }
    // Memory can run out at any time, also while libraries measure and graphs are made. Then all
    // starts again with a smaller batch.
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

  // Enough pixels to fill a large GPU even in the last stage, at 8 x 8.
  static int chosen_batch(const Plan& plan) {
    constexpr std::int64_t kLight = 1'000'000'000;  // multiply-adds: a DenseNet, not a wide ResNet
    return multiply_adds(plan) < kLight ? 512 : 256;
  }

  // A batch has a power of two of images, or the full number, so that few graphs are recorded.
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
    fmt::print(stderr, "The GPU's memory does not hold a batch of {} images; continuing with {}.\n",
               tried, batch_);
  }

  DeviceOptions options_;
  Program runner_;
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
