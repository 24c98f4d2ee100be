// The objectives of ODIN's perturbation, on the devices in host memory. Those of a CUDA device are
// in cuda/plan_test.cpp and cuda/cross_entropy_test.cpp.
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include <doctest/doctest.h>

#include "kernels/cpu/plan/plan_executor.h"
#include "kernels/reference/plan_executor.h"
#include "tests/kernels/slopes.h"
#include "tests/kernels/small_plans.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {

constexpr OdinObjective kObjectives[] = {OdinObjective::kCrossEntropy, OdinObjective::kEnergy,
                                         OdinObjective::kMaxLogit};

// By its definition in odin_objective.h.
double objective_of(OdinObjective objective, double temperature, std::span<const float> logits) {
  const double largest = *std::ranges::max_element(logits);
  double sum = 0;
  for (const float l : logits) sum += std::exp((l - largest) / temperature);
  switch (objective) {
    case OdinObjective::kCrossEntropy:
      return std::log(sum);
    case OdinObjective::kEnergy:
      return -largest - temperature * std::log(sum);
    default:
      return -largest;
  }
}

struct Results {
  std::vector<float> logits, perturbed, gradient;
};
Results run(PlanExecutor& executor, const Plan& plan, const std::vector<float>& images,
            const std::vector<OdinSetting>& settings) {
  const std::size_t n = images.size() / random_images(plan, 1, 1).size();
  const std::size_t logits = n * static_cast<std::size_t>(plan.classes);
  std::size_t rows = 0;
  for (const OdinSetting& setting : settings) rows += setting.steps.size();
  // NaN, so that a value that is not written cannot look right.
  const float nothing = std::numeric_limits<float>::quiet_NaN();
  Results r{std::vector<float>(logits, nothing), std::vector<float>(rows * logits, nothing),
            std::vector<float>(settings.size() * images.size(), nothing)};
  executor.run(images.data(), static_cast<std::int64_t>(n), settings,
               {r.logits.data(), r.perturbed.data(), r.gradient.data()});
  return r;
}

// The relative error of `gradient` once it has the length of `expected`: only its direction counts.
template <class T>
double direction_error(std::span<const float> gradient, std::span<const T> expected) {
  double norm = 0, expected_norm = 0;
  for (const float g : gradient) norm += double{g} * g;
  for (const T g : expected) expected_norm += double{g} * g;
  std::vector<double> scaled(gradient.begin(), gradient.end());
  for (double& g : scaled) g *= std::sqrt(expected_norm / norm);
  return relative_error<double, T>(scaled, expected);
}

TEST_CASE("the reference's gradient of every objective is the objective's slope") {
  for (const Plan& plan : {dense_plan(6, 5, 2), residual_plan(6, 6, 3), odd_plan(8, 8)}) {
    const auto executor = reference::make_plan_executor(plan);
    for (const OdinObjective objective : kObjectives) {
      for (const double temperature : {0.5, 20.0}) {
        CAPTURE(plan.name);
        CAPTURE(static_cast<int>(objective));
        CAPTURE(temperature);
        std::vector<float> image = random_images(plan, 1, 5);
        const Results at = run(*executor, plan, image, {{temperature, {}, objective}});
        const auto loss = [&] {
          return objective_of(objective, temperature, run(*executor, plan, image, {}).logits);
        };
        const std::vector<double> slopes = slopes_of(image, loss);
        CHECK(relative_error<float, double>(at.gradient, slopes) < 5e-3);
      }
    }
  }
}

TEST_CASE("the CPU perturbs with the gradient of every objective, as the reference does") {
  for (const Plan& plan : {dense_plan(8, 8, 12), residual_plan(8, 8, 16), odd_plan(9, 7)}) {
    CAPTURE(plan.name);
    constexpr std::size_t kImages = 5;
    const std::vector<float> images = random_images(plan, kImages, 6);
    const std::size_t elements = images.size() / kImages;
    const std::vector<float> step(static_cast<std::size_t>(plan.input.channels), 0.05f);
    std::vector<OdinSetting> settings;
    for (const OdinObjective objective : kObjectives) {
      settings.push_back({1.5, {step}, objective});
      settings.push_back({100.0, {step}, objective});
    }
    const Results expected = run(*reference::make_plan_executor(plan), plan, images, settings);
    const auto executor =
        cpu::make_plan_executor(plan, {2, ConvolutionAlgorithm::kDirect, std::nullopt});
    const Results found = run(*executor, plan, images, settings);
    const auto gradient_of = [&](const Results& r, std::size_t setting, std::size_t image) {
      return std::span(r.gradient).subspan((setting * kImages + image) * elements, elements);
    };
    for (std::size_t s = 0; s < settings.size(); ++s) {
      for (std::size_t i = 0; i < kImages; ++i) {
        CHECK(direction_error(gradient_of(found, s, i), gradient_of(expected, s, i)) < 5e-6);
      }
      // The perturbed images have the logits of images that the test perturbs with the CPU's own
      // gradient.
      std::vector<float> perturbed = images;
      for (std::size_t e = 0; e < images.size(); ++e) {
        perturbed[e] -= found.gradient[s * images.size() + e] >= 0 ? step[0] : -step[0];
      }
      const std::vector<float> logits = run(*executor, plan, perturbed, {}).logits;
      CHECK(std::ranges::equal(
          logits, std::span(found.perturbed).subspan(s * logits.size(), logits.size())));
    }
    // The gradient of the maximum logit is that at any temperature; the others' are not, and all
    // differ.
    CHECK(std::ranges::equal(gradient_of(found, 4, 0), gradient_of(found, 5, 0)));
    for (const auto& [a, b] : {std::pair(0, 1), {2, 3}, {0, 2}, {0, 4}, {2, 4}}) {
      CHECK(direction_error(gradient_of(found, static_cast<std::size_t>(a), 0),
                            gradient_of(found, static_cast<std::size_t>(b), 0)) > 1e-2);
    }
  }
}

TEST_CASE("a step lowers its own objective") {
  const Plan plan = dense_plan(8, 8, 12);
  const std::vector<float> image = random_images(plan, 1, 7);
  const std::vector<float> step(static_cast<std::size_t>(plan.input.channels), 1e-4f);
  const auto executor = cpu::make_plan_executor(plan);
  for (const OdinObjective objective : kObjectives) {
    CAPTURE(static_cast<int>(objective));
    const Results r = run(*executor, plan, image, {{2.0, {step}, objective}});
    CHECK(objective_of(objective, 2, r.perturbed) < objective_of(objective, 2, r.logits));
  }
}

TEST_CASE("a confident network has the gradient of its own logit in every objective but one") {
  // The other classes' probabilities vanish, even in double precision.
  Plan plan = single_plan(3, 4, 6, 6, {.kernel = 3, .padding = 1});
  std::get<PlanLinear>(plan.steps.back()).bias = {900, 0, 0, 0};
  const std::vector<float> image = random_images(plan, 1, 10);
  std::vector<std::unique_ptr<PlanExecutor>> executors;
  executors.push_back(reference::make_plan_executor(plan));
  executors.push_back(cpu::make_plan_executor(plan));
  for (const auto& executor : executors) {
    CAPTURE(executor->description());
    const Results energy = run(*executor, plan, image, {{1.0, {}, OdinObjective::kEnergy}});
    const Results logit = run(*executor, plan, image, {{1.0, {}, OdinObjective::kMaxLogit}});
    CHECK(energy.gradient == logit.gradient);
    CHECK(std::ranges::any_of(energy.gradient, [](float g) { return g != 0; }));
    const Results cross_entropy = run(*executor, plan, image, {{1.0, {}}});
    CHECK(std::ranges::all_of(cross_entropy.gradient, [](float g) { return g == 0; }));
  }
}

}  // namespace
}  // namespace odin::test
