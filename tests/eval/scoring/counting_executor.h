// A compiled network that counts its passes.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "kernels/plan.h"

namespace odin::test {

// Passes of single images, according to the contract of PlanExecutor::run().
struct PassCount {
  std::int64_t forward = 0;    // of images as they are
  std::int64_t backward = 0;   // to the input
  std::int64_t perturbed = 0;  // forward, of perturbed images
  std::int64_t features = 0;   // images whose features were asked for
  bool operator==(const PassCount&) const = default;
};

class CountingExecutor final : public PlanExecutor {
 public:
  CountingExecutor(std::unique_ptr<PlanExecutor> executor, PassCount& count)
      : executor_(std::move(executor)), count_(count) {}

  void run(const float* images, std::int64_t n, std::span<const OdinSetting> settings,
           const OdinResults& results) override {
    count_.forward += n;
    if (results.features != nullptr) count_.features += n;
    for (const OdinSetting& setting : settings) {
      count_.backward += n;
      count_.perturbed += n * static_cast<std::int64_t>(setting.steps.size());
    }
    executor_->run(images, n, settings, results);
  }
  std::int64_t preferred_batch() const override { return executor_->preferred_batch(); }
  std::string description() const override { return executor_->description(); }

 private:
  std::unique_ptr<PlanExecutor> executor_;
  PassCount& count_;
};

}  // namespace odin::test
