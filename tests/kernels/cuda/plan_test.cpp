// Evaluation plans on a CUDA device, emulated or real, compared with the reference.
#include <cmath>

#include <doctest/doctest.h>

#include "tests/kernels/classifier_error.h"
#include "tests/kernels/cuda/device.h"
#include "tests/kernels/cuda/plans.h"
#include "tests/kernels/random_plans.h"
#include "tests/kernels/small_plans.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {

// A sign of the gradient near zero may differ, so the perturbed logits agree less than the others.
void check_precision(const Plan& plan, ConvolutionAlgorithm convolution, Precision precision,
                     double tolerance, double gradient_tolerance, std::size_t temperatures) {
  INFO(plan.name, ", ", name_of(precision), ", ", name_of(convolution));
  const std::vector<float> images = random_images(plan, 3, 7);
  const auto settings = settings_for(plan, temperatures);
  const auto reference = make_reference_backend();
  const auto backend = make_cuda({.precision = precision, .convolution = convolution});
  const PlanResults expected = run_plan(*reference->prepare(plan), plan, images, settings);
  const PlanResults r = run_plan(*backend->prepare(plan), plan, images, settings);
  CHECK(relative_error<float, float>(r.logits, expected.logits) < tolerance);
  CHECK(relative_error<float, float>(r.features, expected.features) < tolerance);
  CHECK(classifier_error(plan, r.features, r.logits) < kClassifierTolerance);
  CHECK(direction_error(plan, r.gradient, expected.gradient) < gradient_tolerance);
  CHECK(relative_error<float, float>(r.perturbed, expected.perturbed) < gradient_tolerance);
}

TEST_CASE("plans compute what the reference does, in float") {
  on_every_convolution(Runs::kOther, [](ConvolutionAlgorithm convolution) {
    for (const Plan& plan :
         {small_densenet(), awkward_plan(), small_resnet(), residual_plan(4, 4, 56, 1)}) {
      if (few_cases() && plan.name != small_densenet().name) continue;
      // Float through a dozen layers. The number of settings changes no convolution.
      const bool first = plan.name == small_densenet().name;
      if ((first || !kSanitized) && !few_cases())
        check_precision(plan, convolution, Precision::kFloat32, 1e-5, 1e-4, 1);
      check_precision(plan, convolution, Precision::kFloat32, 1e-5, 1e-4, 2);
    }
  });
}

TEST_CASE("plans in float run our other convolutions where warpgroup products are chosen") {
  if (few_cases()) return;  // the emulated device shows it
  const Plan plan = small_densenet();
  const std::vector<float> images = random_images(plan, 2, 7);
  const auto settings = settings_for(plan, 1);
  for (const Precision precision : {Precision::kFloat32, Precision::kTf32}) {
    std::vector<PlanResults> results;
    on_every_convolution(Runs::kHalfPlans, [&](ConvolutionAlgorithm convolution) {
      if (convolution == ConvolutionAlgorithm::kCudnn) return;
      const auto backend = make_cuda({.precision = precision, .convolution = convolution});
      results.push_back(run_plan(*backend->prepare(plan), plan, images, settings));
      CHECK(results.back().logits == results.front().logits);
      CHECK(results.back().gradient == results.front().gradient);
    });
  }
}

TEST_CASE("plans stay within the rounding of each precision") {
  if (few_cases()) return;  // whole numbers show more
  on_every_convolution(Runs::kHalfPlans, [](ConvolutionAlgorithm convolution) {
    const Plan plans[] = {small_densenet(), small_resnet(), awkward_plan()};
    // 11 or 8 significant bits, 5e-4 or 4e-3, several times over. A ReLU that opens where the
    // reference's is shut moves the gradient by more.
    const struct {
      Precision precision;
      double tolerance, gradient_tolerance;
    } rows[] = {{Precision::kFloat16, 5e-3, 5e-2},
                {Precision::kBFloat16, 4e-2, 3e-1},
                {Precision::kTf32, 5e-3, 5e-2}};
    for (std::size_t p = 0; p < std::size(plans); ++p) {
      for (std::size_t r = 0; r < std::size(rows); ++r) {
        if (rows[r].precision == Precision::kTf32 && convolution == ConvolutionAlgorithm::kWgmma)
          continue;  // it is kOwn
        check_precision(plans[p], convolution, rows[r].precision, rows[r].tolerance,
                        rows[r].gradient_tolerance, 1);
      }
    }
  });
}

// Here no ReLU opens in one precision that is shut in another, so that little error is left: the
// features are rounded once, and so is the gradient in each step. These errors are independent, so
// that n of them add up to the root of n.
TEST_CASE("plans in whole numbers compute what the reference does, in every precision") {
  // In the first three, a convolution and the shortcut beside it share a prologue. Sums of 56
  // channels are normalised where they are written, those of 16 by each reader.
  const Plan plans[] = {
      residual_plan(4, 4, 56, 1), residual_plan(4, 4, 56), residual_plan(8, 8, 16, 1),
      small_densenet(),           small_resnet(),          awkward_plan()};
  const struct {
    Precision precision;
    double roundoff, gradient_roundoff;
  } rows[] = {{Precision::kFloat16, 0x1p-11, 0x1p-11},
              {Precision::kBFloat16, 0x1p-8, 0x1p-8},
              {Precision::kTf32, 0x1p-22, 0x1p-11},
              {Precision::kFloat32, 0x1p-22, 0x1p-22}};  // and sums in float
  const auto reference = make_reference_backend();
  for (std::size_t p = 0; p < std::size(plans); ++p) {
    const Plan plan = in_whole_numbers(plans[p]);
    const std::vector<float> images = random_whole_images(plan, 3, 7);
    const auto settings = settings_for(plan, 1);
    const PlanResults expected = run_plan(*reference->prepare(plan), plan, images, settings);
    for (std::size_t r = 0; r < std::size(rows); ++r) {
      if (few_cases() && (r != p || r == 3)) continue;  // float has a test of its own
      if (kSanitized && (p + r) % 2 == 1) continue;
      const Precision precision = rows[r].precision;
      const bool half = precision == Precision::kFloat16 || precision == Precision::kBFloat16;
      on_every_convolution(Runs::kHalfPlans, [&](ConvolutionAlgorithm convolution) {
        if (!half && convolution == ConvolutionAlgorithm::kWgmma) return;  // it is kOwn
        INFO(plan.name, ", ", name_of(precision), ", ", name_of(convolution));
        const auto backend = make_cuda({.precision = precision, .convolution = convolution});
        const PlanResults found = run_plan(*backend->prepare(plan), plan, images, settings);
        CHECK(relative_error<float, float>(found.logits, expected.logits) < rows[r].roundoff);
        CHECK(relative_error<float, float>(found.features, expected.features) < rows[r].roundoff);
        CHECK(direction_error(plan, found.gradient, expected.gradient) <
              std::sqrt(static_cast<double>(plan.steps.size())) * rows[r].gradient_roundoff);
      });
    }
  }
}

TEST_CASE("plans perturb with the gradient of every objective") {
  const Plan plan = small_densenet();
  const std::vector<float> images = random_images(plan, 3, 8);
  const std::vector<float> step(static_cast<std::size_t>(plan.input.channels), 0.02f);
  const std::vector<OdinSetting> settings{
      {2, {step}, OdinObjective::kEnergy}, {2, {step}, OdinObjective::kMaxLogit}, {2, {step}}};
  const auto reference = make_reference_backend();
  const PlanResults expected = run_plan(*reference->prepare(plan), plan, images, settings);
  on_every_convolution(Runs::kOther, [&](ConvolutionAlgorithm convolution) {
    INFO(name_of(convolution));
    const auto executor = make_cuda({.convolution = convolution})->prepare(plan);
    // Settings that differ in nothing but the objective are other graphs.
    for (std::size_t s = 0; s < settings.size(); ++s) {
      if (few_cases() && s > 0) continue;
      const PlanResults r = run_plan(*executor, plan, images, {&settings[s], 1});
      const auto part = [&](const std::vector<float>& of_all, const std::vector<float>& like) {
        return std::span(of_all).subspan(s * like.size(), like.size());
      };
      CHECK(direction_error(plan, r.gradient, part(expected.gradient, r.gradient)) < 1e-4);
      CHECK(relative_error<float, float>(r.perturbed, part(expected.perturbed, r.perturbed)) <
            1e-4);
    }
    const PlanResults together = run_plan(*executor, plan, images, settings);
    CHECK(direction_error(plan, together.gradient, expected.gradient) < 1e-4);
    CHECK(relative_error<float, float>(together.perturbed, expected.perturbed) < 1e-4);
  });
}

TEST_CASE("a residual may begin within a vector of channels") {
  RandomPlan plan("residual within a vector", 4);
  const PlanSlice image = plan.input(3, 4, 4);
  const PlanSlice wide = plan.buffer(64, 4, 4);
  plan.convolution(image, wide, {.kernel = 3, .padding = 1, .prologue = false});
  const PlanSlice sum = plan.buffer(56, 4, 4);
  const PlanSlice residual = part(wide, 4, 56);
  plan.convolution(wide, sum, {.residual = &residual});
  const PlanSlice next = plan.buffer(16, 4, 4);
  plan.convolution(sum, next, {.kernel = 3, .padding = 1});
  const PlanSlice features = plan.buffer(16, 1, 1);
  plan.pool(next, features, 4, 1, true);
  const Plan made = plan.linear(features, 3);
  on_every_convolution(Runs::kHalfPlans, [&](ConvolutionAlgorithm convolution) {
    if (!few_cases() && convolution != ConvolutionAlgorithm::kWgmma)  // which is kOwn
      check_precision(made, convolution, Precision::kFloat32, 1e-5, 1e-4, 1);
    check_precision(made, convolution, Precision::kFloat16, 5e-3, 5e-2, 1);
  });
}

TEST_CASE("results do not depend on the size of the batch") {
  const Plan plan = small_densenet();
  const std::vector<float> images = random_images(plan, few_cases() ? 5 : 7, 9);
  const auto settings = settings_for(plan, 1);
  on_every_convolution(Runs::kOther, [&](ConvolutionAlgorithm convolution) {
    // cuDNN may take another engine for another size.
    const double tolerance = convolution == ConvolutionAlgorithm::kCudnn ? 1e-5 : 1e-6;
    const auto with_batch = [&](int batch) {
      return make_cuda({.convolution = convolution, .batch = batch})->prepare(plan);
    };
    const PlanResults whole = run_plan(*with_batch(8), plan, images, settings);
    for (int batch : {3, 1, 2}) {
      if (few_cases() && batch != 3) continue;
      INFO("batches of ", batch);
      const auto executor = with_batch(batch);
      for (int repeat = 0; repeat < 2; ++repeat) {  // recorded, then from the recording
        const PlanResults r = run_plan(*executor, plan, images, settings);
        CHECK(relative_error<float, float>(r.logits, whole.logits) < tolerance);
        CHECK(relative_error<float, float>(r.features, whole.features) < tolerance);
        CHECK(relative_error<float, float>(r.gradient, whole.gradient) < 10 * tolerance);
        CHECK(relative_error<float, float>(r.perturbed, whole.perturbed) < 10 * tolerance);
      }
    }
  });
}

TEST_CASE("one executor serves requests of every kind in turn") {
  const Plan plan = residual_plan(4, 4, 16, 1);  // what is asked for matters, not what is computed
  const auto reference = make_reference_backend();
  const auto oracle = reference->prepare(plan);
  on_every_convolution(Runs::kOther, [&](ConvolutionAlgorithm convolution) {
    const auto executor = make_cuda({.convolution = convolution, .batch = 2})->prepare(plan);
    for (const std::size_t temperatures :
         few_cases() ? std::vector<std::size_t>{1, 0} : std::vector<std::size_t>{0, 1, 2, 1, 0}) {
      const int n = 3;  // a full batch and a part
      const std::vector<float> images =
          random_images(plan, n, 20 + static_cast<unsigned>(temperatures));
      std::vector<OdinSetting> settings = settings_for(plan, temperatures);
      settings.resize(temperatures);
      const PlanResults expected = run_plan(*oracle, plan, images, settings);
      const PlanResults r = run_plan(*executor, plan, images, settings);
      CHECK(relative_error<float, float>(r.logits, expected.logits) < 1e-5);
      CHECK(relative_error<float, float>(r.features, expected.features) < 1e-5);
      if (!few_cases() ||
          temperatures == 0) {  // not asking for features and gradients changes nothing else
        std::vector<float> logits(r.logits.size()), perturbed(r.perturbed.size());
        executor->run(images.data(), n, settings, {logits.data(), perturbed.data()});
        CHECK(logits == r.logits);
        CHECK(perturbed == r.perturbed);
      }
      if (temperatures == 0) continue;
      CHECK(direction_error(plan, r.gradient, expected.gradient) < 1e-4);
      CHECK(relative_error<float, float>(r.perturbed, expected.perturbed) < 1e-4);
    }
    executor->run(nullptr, 0, {}, {});  // no images: nothing to do
  });
}

}  // namespace
}  // namespace odin::test
