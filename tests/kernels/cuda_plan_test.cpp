// Evaluation plans on the emulated device, and the analyses that they rest on.
#include <cmath>
#include <numeric>
#include <set>

#include <cuda_runtime.h>
#include <doctest/doctest.h>

#include "kernels/cuda/backend.h"
#include "kernels/cuda/plan_backward.h"
#include "kernels/cuda/plan_layout.h"
#include "tests/support/support.h"
#include "tools/random_plans.h"

namespace odin::test {
namespace {

using cuda::Element;
using cuda::PlanBackward;
using cuda::PlanLayout;
using cuda::PlanPasses;
using tools::RandomPlan;

// Two dense blocks of two layers with a transition, as in DenseNet-BC.
Plan small_densenet() {
  RandomPlan plan("small DenseNet", 1);
  const PlanSlice image = plan.input(3, 8, 8);
  const PlanSlice first = plan.buffer(20, 8, 8);
  const PlanSlice second = plan.buffer(22, 4, 4);
  const auto slice = [](PlanSlice of, int begin, int channels) {
    return PlanSlice{of.buffer, begin, channels};
  };
  const auto block = [&](PlanSlice features, int channels, int size) {
    for (int i = 0; i < 2; ++i, channels += 6) {
      const PlanSlice narrow = plan.buffer(24, size, size);
      plan.convolution(slice(features, 0, channels), narrow, {.bias = true, .relu = true});
      plan.convolution(narrow, slice(features, channels, 6),
                       {.kernel = 3, .padding = 1, .prologue = false});
    }
  };
  plan.convolution(image, slice(first, 0, 8), {.kernel = 3, .padding = 1, .prologue = false});
  block(first, 8, 8);
  const PlanSlice pooled = plan.buffer(20, 4, 4);
  plan.pool(first, pooled, 2, 2, true);
  plan.convolution(pooled, slice(second, 0, 10), {.prologue = false});
  block(second, 10, 4);
  const PlanSlice features = plan.buffer(22, 1, 1);
  plan.pool(second, features, 4, 1, true);
  return plan.linear(features, 5);
}

// A residual block with a shortcut of stride 2 and one without, as in a wide ResNet.
Plan small_resnet() {
  RandomPlan plan("small ResNet", 2);
  const PlanSlice image = plan.input(3, 8, 8);
  const PlanSlice stem = plan.buffer(8, 8, 8);
  plan.convolution(image, stem, {.kernel = 3, .padding = 1, .prologue = false});
  PlanSlice x = stem;
  for (int i = 0; i < 3; ++i) {
    const int stride = i == 0 ? 2 : 1;
    const PlanSlice shortcut = i == 0 ? plan.buffer(12, 4, 4) : x;
    if (i == 0) plan.convolution(x, shortcut, {.stride = 2});
    const PlanSlice h = plan.buffer(12, 4, 4);
    const PlanSlice sum = plan.buffer(12, 4, 4);
    plan.convolution(x, h,
                     {.kernel = 3, .stride = stride, .padding = 1, .bias = true, .relu = true});
    plan.convolution(h, sum, {.kernel = 3, .padding = 1, .prologue = false, .residual = &shortcut});
    x = sum;
  }
  const PlanSlice features = plan.buffer(12, 1, 1);
  plan.pool(x, features, 4, 1, true);
  return plan.linear(features, 4);
}

// What neither network has: a convolution closed by a ReLU that is read by a residual, by a
// prologue, and in part; normalisations with and without a ReLU; a residual that is read again; odd
// sizes; a linear step over several pixels.
Plan awkward() {
  RandomPlan plan("awkward", 3);
  const PlanSlice image = plan.input(2, 7, 5);
  const PlanSlice a = plan.buffer(5, 7, 5);
  plan.convolution(image, a, {.kernel = 3, .padding = 1, .prologue = false, .relu = true});
  const PlanSlice b = plan.buffer(5, 7, 5);
  plan.convolution(a, b, {.kernel = 1, .prologue = true, .bias = true, .residual = &a});
  const PlanSlice part{a.buffer, 1, 3};
  const PlanSlice c = plan.buffer(7, 7, 5);
  plan.convolution(part, {c.buffer, 0, 4},
                   {.kernel = 3, .padding = 1, .prologue = false, .relu = true});
  plan.normalise({b.buffer, 2, 3}, {c.buffer, 4, 3}, true);
  const PlanSlice d = plan.buffer(7, 7, 5);
  plan.normalise(c, d, false);
  const PlanSlice e = plan.buffer(6, 4, 3);
  plan.convolution(d, e, {.kernel = 3, .stride = 2, .padding = 1, .prologue = false, .relu = true});
  const PlanSlice f = plan.buffer(6, 3, 2);
  plan.pool(e, f, 2, 1, false);
  return plan.linear(f, 3);
}

struct Results {
  std::vector<float> logits;
  std::vector<float> gradient;
  std::vector<float> perturbed;
};

Results run(PlanExecutor& executor, const Plan& plan, const std::vector<float>& images,
            std::span<const OdinSetting> settings) {
  const auto& in = plan.buffers[static_cast<std::size_t>(plan.input.buffer)];
  const auto elements = static_cast<std::size_t>(in.channels * in.height * in.width);
  const std::size_t n = images.size() / elements;
  const auto classes = static_cast<std::size_t>(plan.classes);
  std::size_t steps = 0;
  for (const OdinSetting& setting : settings) steps += setting.steps.size();
  Results r{std::vector<float>(n * classes), std::vector<float>(settings.size() * images.size()),
            std::vector<float>(steps * n * classes)};
  executor.run(images.data(), static_cast<std::int64_t>(n), settings,
               {r.logits.data(), r.perturbed.data(), r.gradient.data()});
  return r;
}

// Each image's gradient is known up to a positive factor.
double direction_error(const Plan& plan, std::span<const float> a, std::span<const float> b) {
  const auto& in = plan.buffers[static_cast<std::size_t>(plan.input.buffer)];
  const auto elements = static_cast<std::size_t>(in.channels * in.height * in.width);
  double worst = 0;
  for (std::size_t begin = 0; begin < a.size(); begin += elements) {
    const auto length = [](std::span<const float> v) {
      return std::sqrt(std::inner_product(v.begin(), v.end(), v.begin(), 0.0));
    };
    std::vector<float> x(a.begin() + static_cast<std::ptrdiff_t>(begin),
                         a.begin() + static_cast<std::ptrdiff_t>(begin + elements));
    const std::span<const float> y = b.subspan(begin, elements);
    const double factor = length(y) / length(x);
    for (float& v : x) v = static_cast<float>(v * factor);
    worst = std::max(worst, relative_error(std::span<const float>(x), y));
  }
  return worst;
}

std::vector<OdinSetting> settings_for(const Plan& plan, std::size_t temperatures) {
  const std::vector<float> step(static_cast<std::size_t>(plan.input.channels), 0.02f);
  std::vector<OdinSetting> settings{{1000, {step}}};
  if (temperatures > 1) settings.push_back({2, {step, std::vector<float>(step.size(), 0.5f)}});
  return settings;
}

std::unique_ptr<Backend> make_emulated(Precision precision, int batch = 0) {
  return cuda::make_cuda_backend(
      cuda::use_gpu("cuda:0", 0),
      {.precision = precision, .convolution = ConvolutionChoice::kOwn, .batch = batch});
}

// A sign of the gradient near zero may differ, so the perturbed logits agree less than the others.
void check_precision(const Plan& plan, Precision precision, double tolerance,
                     double gradient_tolerance, std::size_t temperatures) {
  INFO(plan.name, ", ", name_of(precision));
  const std::vector<float> images = tools::random_images(plan, 3, 7);
  const auto settings = settings_for(plan, temperatures);
  const auto reference = make_reference_backend();
  const auto backend = make_emulated(precision);
  const Results expected = run(*reference->prepare(plan), plan, images, settings);
  const Results r = run(*backend->prepare(plan), plan, images, settings);
  CHECK(relative_error<float, float>(r.logits, expected.logits) < tolerance);
  CHECK(direction_error(plan, r.gradient, expected.gradient) < gradient_tolerance);
  CHECK(relative_error<float, float>(r.perturbed, expected.perturbed) < gradient_tolerance);
}

TEST_CASE("plans on the emulated device compute what the reference does, in float") {
  for (const Plan& plan : {small_densenet(), small_resnet(), awkward()}) {
    // Float through a dozen layers.
    check_precision(plan, Precision::kFloat32, 1e-5, 1e-4, 1);
    check_precision(plan, Precision::kFloat32, 1e-5, 1e-4, 2);
  }
}

TEST_CASE("plans on the emulated device keep to the rounding of each precision") {
  for (const Plan& plan : {small_densenet(), small_resnet(), awkward()}) {
    // 11 or 8 significant bits, 5e-4 or 4e-3, several times over. A ReLU that opens where the
    // reference's is shut moves the gradient by more.
    check_precision(plan, Precision::kTf32, 5e-3, 5e-2, 1);
    check_precision(plan, Precision::kFloat16, 5e-3, 5e-2, 1);
    check_precision(plan, Precision::kBFloat16, 4e-2, 3e-1, 1);
  }
}

TEST_CASE("the size of the batch changes nothing") {
  const Plan plan = small_densenet();
  const std::vector<float> images = tools::random_images(plan, 7, 9);
  const auto settings = settings_for(plan, 1);
  const Results whole =
      run(*make_emulated(Precision::kFloat32, 8)->prepare(plan), plan, images, settings);
  for (int batch : {1, 2, 3}) {
    INFO("batches of ", batch);
    const auto backend = make_emulated(Precision::kFloat32, batch);
    const auto executor = backend->prepare(plan);
    for (int repeat = 0; repeat < 2; ++repeat) {  // recorded, then from the recording
      const Results r = run(*executor, plan, images, settings);
      CHECK(relative_error<float, float>(r.logits, whole.logits) < 1e-6);
      CHECK(relative_error<float, float>(r.gradient, whole.gradient) < 1e-5);
      CHECK(relative_error<float, float>(r.perturbed, whole.perturbed) < 1e-5);
    }
  }
}

TEST_CASE("one executor takes requests of every kind in turn") {
  const Plan plan = small_resnet();
  const auto backend = make_emulated(Precision::kFloat32, 2);
  const auto executor = backend->prepare(plan);
  const auto reference = make_reference_backend();
  const auto oracle = reference->prepare(plan);
  for (const std::size_t temperatures : {0, 1, 2, 1, 0}) {
    const std::vector<float> images =
        tools::random_images(plan, 5, 20 + static_cast<unsigned>(temperatures));
    std::vector<OdinSetting> settings = settings_for(plan, temperatures);
    settings.resize(temperatures);
    const Results expected = run(*oracle, plan, images, settings);
    const Results r = run(*executor, plan, images, settings);
    CHECK(relative_error<float, float>(r.logits, expected.logits) < 1e-5);
    if (temperatures == 0) continue;
    CHECK(direction_error(plan, r.gradient, expected.gradient) < 1e-4);
    CHECK(relative_error<float, float>(r.perturbed, expected.perturbed) < 1e-4);
  }
  executor->run(nullptr, 0, {}, {});  // no images: nothing to do
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
  const std::vector<float> images = tools::random_images(plan, 6, 5);
  const auto settings = settings_for(plan, 1);
  const Results expected =
      run(*make_emulated(Precision::kFloat32)->prepare(plan), plan, images, settings);
  const auto backend = make_emulated(Precision::kFloat32, 1 << 20);
  const auto executor = backend->prepare(plan);
  const PlanLayout one(plan, cuda::plan_backward(plan), Element::kFloat, 1, PlanPasses::kGradient,
                       0);
  const auto hopeless = backend->prepare(plan);
  const Results r = [&] {
    const ScarceMemory scarce(6 * one.size());
    return run(*executor, plan, images, settings);
  }();
  const ScarceMemory scarce(100);
  CHECK_THROWS_WITH_AS(run(*hopeless, plan, images, settings),
                       doctest::Contains("does not hold a single image"), Error);
  CHECK(relative_error<float, float>(r.logits, expected.logits) < 1e-6);
  CHECK(relative_error<float, float>(r.perturbed, expected.perturbed) < 1e-5);
}

TEST_CASE("memory that runs out when a graph is made halves the batch, too") {
  const Plan plan = small_densenet();
  const std::vector<float> images = tools::random_images(plan, 6, 5);
  const auto settings = settings_for(plan, 1);
  const Results expected =
      run(*make_emulated(Precision::kFloat32)->prepare(plan), plan, images, settings);
  const auto backend = make_emulated(Precision::kFloat32, 4);
  const auto executor = backend->prepare(plan);
  emulated::fail_graphs(2);
  const Results r = run(*executor, plan, images, settings);
  CHECK(executor->description().find("batches of 1,") != std::string::npos);
  CHECK(relative_error<float, float>(r.logits, expected.logits) < 1e-6);
  CHECK(relative_error<float, float>(r.perturbed, expected.perturbed) < 1e-5);

  const auto hopeless = backend->prepare(plan);
  emulated::fail_graphs(3);
  CHECK_THROWS_WITH_AS(run(*hopeless, plan, images, settings),
                       doctest::Contains("does not hold a single image"), Error);
  CHECK_NOTHROW(run(*hopeless, plan, images, settings));  // it can be tried again
}

TEST_CASE("residuals share the memory of their gradients, dense blocks clear nothing") {
  const Plan wrn = tools::random_wide_resnet(1);
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

  const Plan densenet = tools::random_densenet(1);
  const PlanBackward dense = cuda::plan_backward(densenet);
  for (std::size_t i = 0; i < densenet.steps.size(); ++i) {
    if (std::holds_alternative<PlanConvolution>(densenet.steps[i])) {
      CHECK(dense.steps[i].clear.empty());
      CHECK(!dense.steps[i].mask_output);
    }
  }
}

TEST_CASE("forward passes share memory among the buffers of a network") {
  const Plan plan = tools::random_wide_resnet(1);
  const PlanBackward backward = cuda::plan_backward(plan);
  const PlanLayout forward(plan, backward, Element::kHalf, 4, PlanPasses::kForward, 0);
  const PlanLayout gradient(plan, backward, Element::kHalf, 4, PlanPasses::kGradient, 0);
  const PlanLayout gradients(plan, backward, Element::kHalf, 4, PlanPasses::kGradients, 0);
  // At most three activations of 160 channels are alive at once, beside small things.
  const std::size_t activation = std::size_t{4} * 160 * 32 * 32 * 2;
  CHECK(forward.size() < 3 * activation + activation / 10);
  CHECK(gradient.size() > forward.size());
  CHECK(gradients.size() >= gradient.size());
}

}  // namespace
}  // namespace odin::test
