// Features of plans, on the devices in host memory: the input of the classifier, and what asking
// for it leaves as it is. plan_executor_test.cpp compares them with the reference's; those of a
// CUDA device are in cuda/plan_test.cpp, those of whole networks in tests/nn.
#include <limits>

#include <doctest/doctest.h>

#include "kernels/cpu/plan/plan_executor.h"
#include "kernels/reference/plan_executor.h"
#include "tests/kernels/classifier_error.h"
#include "tests/kernels/small_plans.h"

namespace odin::test {
namespace {

// How many images an executor gets: on the CPU a full group and a part, on two threads; the
// reference takes one after the other.
struct Executor {
  std::unique_ptr<PlanExecutor> executor;
  std::size_t images;
};
std::vector<Executor> executors(const Plan& plan) {
  std::vector<Executor> all;
  all.push_back({reference::make_plan_executor(plan), 2});
  all.push_back({cpu::make_plan_executor(plan, {2, ConvolutionAlgorithm::kAuto, {}}), 19});
  return all;
}

// Room for `count` floats that are no numbers, and for one more that nothing may write.
std::vector<float> room(std::size_t count) {
  std::vector<float> values(count + 1, std::numeric_limits<float>::quiet_NaN());
  values.back() = 17;
  return values;
}

TEST_CASE("the logits are the classifier's of the features, with and without ODIN") {
  for (const Plan& plan : small_plans()) {
    CAPTURE(plan.name);
    const std::vector<float> step(static_cast<std::size_t>(plan.input.channels), 0.5f);
    const std::vector<OdinSetting> odin = {{1.0, {step, step}}, {1000.0, {}}, {10.0, {step}}};
    for (const auto& [executor, image_count] : executors(plan)) {
      CAPTURE(executor->description());
      const std::vector<float> images =
          random_images(plan, static_cast<std::int64_t>(image_count), 3);
      const auto classes = static_cast<std::size_t>(plan.classes);
      std::vector<float> logits(image_count * classes), perturbed(3 * logits.size());
      const std::size_t count = image_count * static_cast<std::size_t>(plan.features());
      std::vector<float> features = room(count), plain = room(count);
      executor->run(
          images.data(), image_count, odin,
          {.logits = logits.data(), .perturbed = perturbed.data(), .features = features.data()});
      CHECK(features.back() == 17);
      features.pop_back();
      CHECK(classifier_error(plan, features, logits) < kClassifierTolerance);
      // The perturbed images have other logits, so their features are other ones.
      CHECK(classifier_error(plan, features, std::span(perturbed).first(logits.size())) > 1e-3);

      std::vector<float> without(logits.size()), perturbed_without(perturbed.size());
      executor->run(images.data(), image_count, odin, {without.data(), perturbed_without.data()});
      CHECK(without == logits);
      CHECK(perturbed_without == perturbed);

      executor->run(images.data(), image_count, {},
                    {.logits = without.data(), .features = plain.data()});
      CHECK(plain.back() == 17);
      plain.pop_back();
      CHECK(plain == features);
      CHECK(without == logits);

      float untouched = 17;
      executor->run(nullptr, 0, odin, {.features = &untouched});
      CHECK(untouched == 17);
    }
  }
}

}  // namespace
}  // namespace odin::test
