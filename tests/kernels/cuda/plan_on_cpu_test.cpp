// What of evaluation plans needs the emulated device: memory that runs out, and the analyses that
// plans rest on.
#include <set>
#include <utility>

#include <cuda_runtime.h>
#include <doctest/doctest.h>

#include "kernels/cuda/plan/backward.h"
#include "kernels/cuda/plan/memory_layout.h"
#include "kernels/cuda/plan/program.h"
#include "tests/kernels/cuda/device.h"
#include "tests/kernels/cuda/plans.h"
#include "tests/kernels/random_plans.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {

using cuda::Element;
using cuda::MemoryLayout;
using cuda::PlanBackward;
using cuda::PlanPasses;

std::unique_ptr<Backend> make_emulated(int batch = 0) {
  return make_cuda({.convolution = ConvolutionAlgorithm::kOwn, .batch = batch});
}

// Device memory that ends after so many bytes more, until the end of the scope.
class ScarceMemory {
 public:
  explicit ScarceMemory(std::size_t bytes) {
    emulated::set_memory(emulated::memory_used() + bytes);
  }
  ~ScarceMemory() { emulated::set_memory(std::size_t{4} << 30); }
};

TEST_CASE("a batch that does not fit is halved, and one image that does not fit is an error") {
  const Plan plan = small_densenet();
  const std::vector<float> images = random_images(plan, 6, 5);
  const auto settings = settings_for(plan, 1);
  const PlanResults expected = run_plan(*make_emulated()->prepare(plan), plan, images, settings);
  const auto backend = make_emulated(1 << 20);
  const auto executor = backend->prepare(plan);
  const MemoryLayout one(plan, cuda::plan_backward(plan), Element::kFloat, 1, PlanPasses::kGradient,
                         0);
  const auto hopeless = backend->prepare(plan);
  const PlanResults r = [&] {
    const ScarceMemory scarce(6 * one.size());
    return run_plan(*executor, plan, images, settings);
  }();
  const ScarceMemory scarce(100);
  CHECK_THROWS_WITH_AS(run_plan(*hopeless, plan, images, settings),
                       doctest::Contains("does not hold a single image"), Error);
  CHECK(relative_error<float, float>(r.logits, expected.logits) < 1e-6);
  CHECK(relative_error<float, float>(r.features, expected.features) < 1e-6);
  CHECK(relative_error<float, float>(r.perturbed, expected.perturbed) < 1e-5);
}

TEST_CASE("memory that runs out while a graph is made halves the batch too") {
  const Plan plan = small_densenet();
  const std::vector<float> images = random_images(plan, 6, 5);
  const auto settings = settings_for(plan, 1);
  const PlanResults expected = run_plan(*make_emulated()->prepare(plan), plan, images, settings);
  const auto backend = make_emulated(4);
  const auto executor = backend->prepare(plan);
  emulated::fail_graphs(2);
  const PlanResults r = run_plan(*executor, plan, images, settings);
  CHECK(executor->description().find("batches of 1,") != std::string::npos);
  CHECK(relative_error<float, float>(r.logits, expected.logits) < 1e-6);
  CHECK(relative_error<float, float>(r.perturbed, expected.perturbed) < 1e-5);

  const auto hopeless = backend->prepare(plan);
  emulated::fail_graphs(3);
  CHECK_THROWS_WITH_AS(run_plan(*hopeless, plan, images, settings),
                       doctest::Contains("does not hold a single image"), Error);
  CHECK_NOTHROW(run_plan(*hopeless, plan, images, settings));  // it can be tried again
}

TEST_CASE(
    "gradients of residuals share the memory of their sum's, and dense blocks clear nothing") {
  const Plan wrn = random_wide_resnet(1);
  const PlanBackward backward = cuda::plan_backward(wrn);
  std::set<int> shared;
  for (std::size_t i = 0; i < wrn.steps.size(); ++i) {
    CHECK(!backward.steps[i].add_to_residual);
    CHECK(!backward.steps[i].mask_output);
  }
  for (std::size_t b = 0; b < wrn.buffers.size(); ++b) {
    if (backward.gradient_buffer[b] != static_cast<int>(b)) shared.insert(static_cast<int>(b));
  }
  CHECK(shared.size() == 12);  // one residual a block

  const Plan densenet = random_densenet(1);
  const PlanBackward dense = cuda::plan_backward(densenet);
  for (std::size_t i = 0; i < densenet.steps.size(); ++i) {
    if (std::holds_alternative<PlanConvolution>(densenet.steps[i])) {
      CHECK(dense.steps[i].clear.empty());
      CHECK(!dense.steps[i].mask_output);
    }
  }
}

TEST_CASE("our own convolutions keep masks instead of activations") {
  for (const Plan& plan : {random_densenet(1), random_wide_resnet(1)}) {
    CAPTURE(plan.name);
    const cuda::Program runner(
        plan, {.precision = Precision::kFloat16, .convolution = ConvolutionAlgorithm::kOwn});
    const MemoryLayout masks = runner.layout(2, PlanPasses::kGradient);
    const MemoryLayout forward = runner.layout(2, PlanPasses::kForward);
    const PlanBackward backward = cuda::plan_backward(plan);
    const MemoryLayout activations(plan, backward, Element::kHalf, 2, PlanPasses::kGradient, 0);
    CHECK(masks.size() < activations.size() / 2);
    std::byte base{};
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
      const auto* convolution = std::get_if<PlanConvolution>(&plan.steps[i]);
      // With a stride of 2, only the step that has written the input can have written its mask.
      const bool batch_norm =
          convolution && convolution->prologue &&
          (convolution->stride == 1 || plan.buffer_of(convolution->input).channels > 24);
      CHECK((masks.masks(&base, i).input.bytes != nullptr) == batch_norm);
      if (batch_norm) {
        CHECK(masks.masks(&base, i).input.pitch == (convolution->input.channels + 7) / 8);
      }
      const bool closed = convolution && convolution->relu;
      CHECK((masks.masks(&base, i).output.bytes != nullptr) == closed);
      CHECK(activations.masks(&base, i).input.bytes == nullptr);
      CHECK(forward.masks(&base, i).output.bytes == nullptr);
    }
  }
}

TEST_CASE("a step normalises for the convolutions that read all of its output") {
  // Steps 0 to 4: an image's convolution, two that read its output, a 1 x 1 of theirs, and a pool.
  const auto plan = [](int kernel, float other_scale, int slice) {
    Plan made;
    made.buffers = {{3, 4, 4}, {8, 4, 4}, {8, 4, 4}, {8, 4, 4}, {8, 1, 1}};
    made.input = {0, 0, 3};
    made.classes = 2;
    const auto convolution = [](int from, int channels, int to, int size, float scale) {
      PlanConvolution step;
      step.input = {from, 0, channels};
      step.output = {to, 0, 8};
      step.kernel = size;
      step.padding = size / 2;
      step.weights.assign(static_cast<std::size_t>(8 * channels * size * size), 1);
      const auto count = static_cast<std::size_t>(channels);
      if (from > 0) {
        step.prologue =
            Normalisation{std::vector<float>(count, scale), std::vector<float>(count, 0.5F), true};
      }
      return step;
    };
    made.steps.emplace_back(convolution(0, 3, 1, 3, 1));
    made.steps.emplace_back(convolution(1, slice, 2, kernel, 2));
    made.steps.emplace_back(convolution(1, 8, 3, 1, other_scale));
    PlanPool pool;
    pool.input = {3, 0, 8};
    pool.output = {4, 0, 8};
    pool.window = pool.stride = 4;
    made.steps.emplace_back(pool);
    made.steps.emplace_back(
        PlanLinear{{4, 0, 8}, std::vector<float>(16, 1), std::vector<float>(2, 0)});
    return made;
  };
  const auto found = [](const Plan& of, bool able) {
    PlanBackward backward = cuda::plan_backward(of);
    cuda::find_normalised(of, std::vector<bool>(of.steps.size(), able), backward);
    return std::vector<int>{backward.steps[0].normalises_for, backward.steps[1].normalised_by,
                            backward.steps[2].normalised_by};
  };
  CHECK(found(plan(3, 2, 8), true) == std::vector<int>{1, 0, 0});
  CHECK(found(plan(3, 2, 8), false) == std::vector<int>{-1, -1, -1});
  CHECK(found(plan(3, 3, 8), true) == std::vector<int>{1, 0, -1});    // another prologue
  CHECK(found(plan(1, 2, 8), true) == std::vector<int>{-1, -1, -1});  // every pixel is loaded once
  CHECK(found(plan(3, 2, 4), true) == std::vector<int>{-1, -1, -1});  // not the windows' input
}

TEST_CASE("what is normalised for other steps is kept until the last of them has read it") {
  const Plan plan = random_wide_resnet(1);
  PlanBackward backward = cuda::plan_backward(plan);
  cuda::find_normalised(plan, std::vector<bool>(plan.steps.size(), true), backward);
  const MemoryLayout layout(plan, backward, Element::kHalf, 2, PlanPasses::kGradient, 0);
  std::vector<std::byte> memory(layout.size());
  const auto bytes = [](const cuda::View& view) {
    const auto* begin = static_cast<const std::byte*>(view.data);
    return std::pair(begin, begin + view.pixels() * view.pitch * 2);
  };
  int kept = 0;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const int writer = backward.steps[i].normalised_by;
    if (writer < 0) continue;
    for (const cuda::ForwardPass pass : {cuda::ForwardPass::kFirst, cuda::ForwardPass::kOther}) {
      const auto read =
          bytes(layout.normalised(memory.data(), pass, static_cast<std::size_t>(writer)));
      for (auto j = static_cast<std::size_t>(writer) + 1; j <= i; ++j) {
        const PlanSlice& output = *output_of(plan.steps[j]);
        const auto written = bytes(layout.activation(memory.data(), pass, output));
        CHECK((written.second <= read.first || read.second <= written.first));
        ++kept;
      }
    }
  }
  CHECK(kept > 20);
}

TEST_CASE("forward passes share memory among the buffers of a network") {
  const Plan plan = random_wide_resnet(1);
  const PlanBackward backward = cuda::plan_backward(plan);
  const MemoryLayout forward(plan, backward, Element::kHalf, 4, PlanPasses::kForward, 0);
  const MemoryLayout gradient(plan, backward, Element::kHalf, 4, PlanPasses::kGradient, 0);
  const MemoryLayout gradients(plan, backward, Element::kHalf, 4, PlanPasses::kGradients, 0);
  // At most three activations of 160 channels are alive at once, next to small buffers.
  const std::size_t activation = std::size_t{4} * 160 * 32 * 32 * 2;
  CHECK(forward.size() < 3 * activation + activation / 10);
  CHECK(gradient.size() > forward.size());
  CHECK(gradients.size() >= gradient.size());
}

}  // namespace
}  // namespace odin::test
