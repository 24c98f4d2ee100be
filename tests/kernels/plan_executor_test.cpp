#include "kernels/cpu/plan/plan_executor.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include <doctest/doctest.h>

#include "kernels/error.h"
#include "kernels/reference/plan_executor.h"
#include "tests/kernels/random_plans.h"
#include "tests/kernels/slopes.h"
#include "tests/kernels/small_plans.h"
#include "tests/support/support.h"

// Counts the allocations of this program.
namespace {
std::atomic<long> allocations = 0;
void* counted(std::size_t bytes, std::size_t alignment) {
  ++allocations;
  bytes = (bytes + alignment - 1) / alignment * alignment;
  void* p = std::aligned_alloc(alignment, bytes == 0 ? alignment : bytes);
  if (p == nullptr) throw std::bad_alloc();
  return p;
}
}  // namespace
void* operator new(std::size_t bytes) {
  return counted(bytes, alignof(std::max_align_t));
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(bytes);
}
void operator delete(void* p) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}
void operator delete(void* p, const std::nothrow_t&) noexcept {
  std::free(p);
}
void operator delete(void* p, std::align_val_t) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
  std::free(p);
}

namespace odin {
namespace {

using cpu::InstructionSet;
using test::dense_plan;
using test::odd_plan;
using test::random_images;
using test::residual_plan;
using test::single_plan;
using test::slopes_of;
using test::small_plans;

std::string label(const Plan& plan) {
  const PlanBuffer& in = plan.buffers[static_cast<std::size_t>(plan.input.buffer)];
  return fmt::format("{}, {} steps, {} x {} x {}", plan.name, plan.steps.size(), in.channels,
                     in.height, in.width);
}

std::vector<InstructionSet> instruction_sets() {
  std::vector<InstructionSet> sets;
  for (const auto set :
       {InstructionSet::kPortable, InstructionSet::kAvx2, InstructionSet::kAvx512}) {
    if (cpu::is_supported(set)) sets.push_back(set);
  }
  return sets;
}

std::size_t elements_of(const Plan& plan) {
  const PlanBuffer& in = plan.buffers[static_cast<std::size_t>(plan.input.buffer)];
  return static_cast<std::size_t>(plan.input.channels * in.height * in.width);
}

// The results of a run.
struct Results {
  std::vector<float> logits, perturbed, gradient, features;
};
Results run(PlanExecutor& executor, const Plan& plan, const std::vector<float>& images,
            const std::vector<OdinSetting>& settings) {
  const std::size_t elements = elements_of(plan);
  const std::size_t n = images.size() / elements;
  const auto classes = static_cast<std::size_t>(plan.classes);
  std::size_t rows = 0;
  for (const OdinSetting& setting : settings) rows += setting.steps.size();
  // NaN, so that a value that is not written cannot look right.
  const float nothing = std::numeric_limits<float>::quiet_NaN();
  Results results{std::vector<float>(n * classes, nothing),
                  std::vector<float>(rows * n * classes, nothing),
                  std::vector<float>(settings.size() * n * elements, nothing),
                  std::vector<float>(n * static_cast<std::size_t>(plan.features()), nothing)};
  executor.run(images.data(), static_cast<std::int64_t>(n), settings,
               {results.logits.data(), results.perturbed.data(), results.gradient.data(),
                results.features.data()});
  return results;
}

std::vector<float> steps_of(const Plan& plan, float size) {
  std::vector<float> steps(static_cast<std::size_t>(plan.input.channels));
  for (std::size_t c = 0; c < steps.size(); ++c) steps[c] = size * (1 + 0.1f * float(c));
  return steps;
}

// Every image's gradient scaled to unit length, because the executor chooses the scale.
std::vector<double> directions(const std::vector<float>& gradient, std::size_t elements) {
  std::vector<double> result(gradient.begin(), gradient.end());
  for (std::size_t i = 0; i < result.size(); i += elements) {
    double norm = 0;
    for (std::size_t e = i; e < i + elements; ++e) norm += result[e] * result[e];
    for (std::size_t e = i; e < i + elements && norm > 0; ++e) result[e] /= std::sqrt(norm);
  }
  return result;
}

template <class A, class B>
double difference(const std::vector<A>& a, const std::vector<B>& b) {
  return test::relative_error(std::span<const A>(a), std::span<const B>(b));
}

TEST_CASE("the reference's gradient is the slope of its loss") {
  for (const Plan& plan : {dense_plan(6, 5, 2), residual_plan(6, 6, 3), odd_plan(8, 8)}) {
    CAPTURE(label(plan));
    const auto executor = reference::make_plan_executor(plan);
    std::vector<float> image = random_images(plan, 1, 5);
    constexpr double kTemperature = 2;
    const Results at = run(*executor, plan, image, {{kTemperature, {}}});
    const auto label_of = static_cast<std::size_t>(
        std::max_element(at.logits.begin(), at.logits.end()) - at.logits.begin());
    const auto loss = [&] {
      const std::vector<float> logits = run(*executor, plan, image, {}).logits;
      double sum = 0;
      for (const float l : logits) sum += std::exp((double{l} - logits[label_of]) / kTemperature);
      return std::log(sum);
    };
    const std::vector<double> slopes = slopes_of(image, loss);
    CHECK(difference(at.gradient, slopes) < 5e-3);
  }
}

TEST_CASE("every instruction set and algorithm agrees with the reference") {
  for (const Plan& plan : small_plans()) {
    CAPTURE(label(plan));
    // With other images rounding may open or close a ReLU, which changes a gradient by far more.
    const std::vector<float> images = random_images(plan, 3, 8);
    const std::vector<OdinSetting> settings = {
        {1000.0, {steps_of(plan, 0.01f)}}, {1.0, {}}, {10.0, {steps_of(plan, 0.1f)}}};
    const auto reference = reference::make_plan_executor(plan);
    const Results expected = run(*reference, plan, images, settings);
    for (const InstructionSet set : instruction_sets()) {
      for (const ConvolutionAlgorithm convolution :
           {ConvolutionAlgorithm::kDirect, ConvolutionAlgorithm::kAuto,
            ConvolutionAlgorithm::kWinograd}) {
        const auto executor = cpu::make_plan_executor(plan, {1, convolution, set});
        CAPTURE(executor->description());
        const Results found = run(*executor, plan, images, settings);
        // Single precision, a few layers deep; Winograd's transforms lose about another digit.
        const double bound = convolution == ConvolutionAlgorithm::kDirect ? 2e-6 : 2e-5;
        CHECK(difference(found.logits, expected.logits) < bound);
        CHECK(difference(found.features, expected.features) < bound);
        CHECK(difference(directions(found.gradient, elements_of(plan)),
                         directions(expected.gradient, elements_of(plan))) < bound);
        // The executor perturbs by its own gradient, and the sign of a value near zero may be
        // either. So the test makes the perturbed images from that gradient, in the same
        // arithmetic.
        std::vector<float> rows;
        std::size_t setting_index = 0;
        for (const OdinSetting& setting : settings) {
          for (const std::vector<float>& step : setting.steps) {
            std::vector<float> perturbed = images;
            for (std::size_t i = 0; i < images.size(); ++i) {
              const std::size_t channel = i % elements_of(plan) * step.size() / elements_of(plan);
              const float g = found.gradient[setting_index * images.size() + i];
              perturbed[i] = images[i] - (g >= 0 ? step[channel] : -step[channel]);
            }
            const Results again = run(*executor, plan, perturbed, {});
            rows.insert(rows.end(), again.logits.begin(), again.logits.end());
          }
          ++setting_index;
        }
        CHECK(rows == found.perturbed);
      }
    }
  }
}

TEST_CASE("Winograd's algorithm agrees with the direct one") {
  for (const auto& [channels, stride] : {std::pair{8, 1}, {48, 1}, {160, 1}, {8, 2}, {160, 2}}) {
    const Plan plan =
        single_plan(channels, 20, 17, 18, {.kernel = 3, .stride = stride, .padding = 1});
    const std::vector<float> images = random_images(plan, 3, 7);
    for (const InstructionSet set : instruction_sets()) {
      const auto direct = cpu::make_plan_executor(plan, {1, ConvolutionAlgorithm::kDirect, set});
      const auto winograd =
          cpu::make_plan_executor(plan, {1, ConvolutionAlgorithm::kWinograd, set});
      CHECK(direct->description().find("direct") != std::string::npos);
      CHECK(winograd->description().find("winograd") != std::string::npos);
      const Results a = run(*winograd, plan, images, {{1000.0, {}}});
      const Results b = run(*direct, plan, images, {{1000.0, {}}});
      CHECK(a.logits != b.logits);
      CHECK(difference(a.logits, b.logits) < 1e-5);
      CHECK(difference(a.gradient, b.gradient) < 1e-5);
    }
  }
}

TEST_CASE("an image's results depend on no other image, thread or batch") {
  for (const Plan& plan : {dense_plan(8, 8, 12), residual_plan(8, 8, 16), dense_plan(13, 9, 5)}) {
    CAPTURE(label(plan));
    constexpr std::size_t kImages = 37;
    const std::vector<float> images = random_images(plan, kImages, 8);
    const std::size_t elements = elements_of(plan);
    const auto classes = static_cast<std::size_t>(plan.classes);
    const std::vector<OdinSetting> settings = {{1000.0, {steps_of(plan, 0.05f)}}};
    for (const InstructionSet set : instruction_sets()) {
      const auto one = cpu::make_plan_executor(plan, {1, ConvolutionAlgorithm::kAuto, set});
      const Results expected = run(*one, plan, images, settings);
      for (const int threads : {1, 2, 3}) {
        const auto executor =
            cpu::make_plan_executor(plan, {threads, ConvolutionAlgorithm::kAuto, set});
        for (const std::size_t batch : {std::size_t{1}, std::size_t{5}, kImages}) {
          Results found;
          for (std::size_t i = 0; i < kImages; i += batch) {
            const std::size_t end = std::min(kImages, i + batch);
            const std::vector<float> some(
                images.begin() + static_cast<std::ptrdiff_t>(i * elements),
                images.begin() + static_cast<std::ptrdiff_t>(end * elements));
            const Results r = run(*executor, plan, some, settings);
            found.logits.insert(found.logits.end(), r.logits.begin(), r.logits.end());
            found.features.insert(found.features.end(), r.features.begin(), r.features.end());
            found.perturbed.insert(found.perturbed.end(), r.perturbed.begin(), r.perturbed.end());
            found.gradient.insert(found.gradient.end(), r.gradient.begin(), r.gradient.end());
          }
          CHECK(found.logits == expected.logits);
          CHECK(found.features == expected.features);
          CHECK(found.perturbed == expected.perturbed);
          CHECK(found.gradient == expected.gradient);
        }
      }
      // Not even on an image of NaN, whose own results are NaN.
      std::vector<float> spoilt = images;
      std::fill_n(spoilt.begin(), elements, std::numeric_limits<float>::quiet_NaN());
      for (int repeat = 0; repeat < 2; ++repeat) {
        const Results r = run(*one, plan, spoilt, settings);
        CHECK(std::isnan(r.logits[0]));
        CHECK(std::equal(r.logits.begin() + static_cast<std::ptrdiff_t>(classes), r.logits.end(),
                         expected.logits.begin() + static_cast<std::ptrdiff_t>(classes)));
        CHECK(std::equal(r.features.begin() + plan.features(), r.features.end(),
                         expected.features.begin() + plan.features()));
        CHECK(std::equal(r.gradient.begin() + static_cast<std::ptrdiff_t>(elements),
                         r.gradient.end(),
                         expected.gradient.begin() + static_cast<std::ptrdiff_t>(elements)));
      }
    }
  }
}

TEST_CASE("the size of the cache changes how much is taken at once, but no result") {
  // Weights that do not stay in a cache, and maps whose rows are half a vector; then a map of 256
  // Winograd tiles.
  const struct {
    Plan plan;
    std::size_t images;
    bool larger_groups;
  } cases[] = {{single_plan(512, 456, 8, 8, {.kernel = 3, .padding = 1}), 32, true},
               {single_plan(8, 20, 64, 64, {.kernel = 3, .padding = 1}), 2, false}};
  for (const auto& [plan, count, larger_groups] : cases) {
    CAPTURE(label(plan));
    const std::vector<float> images = random_images(plan, count, 11);
    for (const InstructionSet set : instruction_sets()) {
      const auto executor_for = [&](long cache) {
        return cpu::make_plan_executor(plan, {1, ConvolutionAlgorithm::kWinograd, set, cache});
      };
      const auto small = executor_for(1 << 20);
      const auto large = executor_for(2 << 20);
      CHECK(large->preferred_batch() == (larger_groups ? 2 : 1) * small->preferred_batch());
      const Results a = run(*small, plan, images, {{1000.0, {}}});
      const Results b = run(*large, plan, images, {{1000.0, {}}});
      CHECK(a.logits == b.logits);
      CHECK(a.gradient == b.gradient);
    }
  }
}

TEST_CASE("the steady state allocates nothing") {
  const Plan plan = dense_plan(8, 8, 12);
  const std::vector<float> images = random_images(plan, 9, 9);
  const std::vector<OdinSetting> settings = {{1000.0, {steps_of(plan, 0.05f)}},
                                             {1.0, {steps_of(plan, 0.05f)}}};
  const auto executor = cpu::make_plan_executor(plan, {2, ConvolutionAlgorithm::kAuto, {}});
  std::vector<float> logits(45), perturbed(90), gradient(2 * images.size());
  std::vector<float> features(9 * static_cast<std::size_t>(plan.features()));
  const OdinResults results{logits.data(), perturbed.data(), gradient.data(), features.data()};
  executor->run(images.data(), 9, settings, results);
  const long before = allocations;
  executor->run(images.data(), 9, settings, results);
  executor->run(images.data(), 4, settings, results);
  executor->run(images.data(), 9, {}, results);
  CHECK(allocations == before);
}

TEST_CASE("a confident network still has a gradient") {
  // The other classes' probabilities vanish next to 1, even in double precision.
  Plan plan = single_plan(3, 4, 6, 6, {.kernel = 3, .padding = 1});
  std::get<PlanLinear>(plan.steps.back()).bias = {60, 0, 0, 0};
  const std::vector<float> images = random_images(plan, 2, 10);
  const Results expected = run(*reference::make_plan_executor(plan), plan, images, {{1.0, {}}});
  const Results found = run(*cpu::make_plan_executor(plan), plan, images, {{1.0, {}}});
  CHECK(difference(directions(found.gradient, elements_of(plan)),
                   directions(expected.gradient, elements_of(plan))) < 1e-5);
}

TEST_CASE("no images and no settings are allowed, wrong arguments are refused") {
  const Plan plan = dense_plan(8, 8, 2);
  const std::vector<float> images = random_images(plan, 2, 11);
  for (const auto& executor :
       {reference::make_plan_executor(plan), cpu::make_plan_executor(plan)}) {
    CAPTURE(executor->description());
    CHECK(executor->preferred_batch() >= 1);
    CHECK_NOTHROW(executor->run(nullptr, 0, {}, {}));
    std::vector<float> logits(10);
    CHECK_NOTHROW(executor->run(images.data(), 2, {}, {logits.data(), nullptr, nullptr}));
    CHECK_THROWS_AS(executor->run(images.data(), -1, {}, {logits.data(), nullptr, nullptr}), Error);
    CHECK_THROWS_AS(executor->run(images.data(), 2, {}, {}), Error);
    const std::vector<OdinSetting> cold = {{0.0, {}}};
    CHECK_THROWS_AS(executor->run(images.data(), 2, cold, {logits.data(), nullptr, nullptr}),
                    Error);
    const std::vector<OdinSetting> narrow = {{1.0, {{0.1f}}}};
    CHECK_THROWS_AS(
        executor->run(images.data(), 2, narrow, {logits.data(), logits.data(), nullptr}), Error);
    const std::vector<OdinSetting> nowhere = {{1.0, {steps_of(plan, 0.1f)}}};
    CHECK_THROWS_AS(executor->run(images.data(), 2, nowhere, {logits.data(), nullptr, nullptr}),
                    Error);
  }
  Plan broken = plan;
  std::get<PlanConvolution>(broken.steps[0]).weights[0] = std::numeric_limits<float>::infinity();
  CHECK_THROWS_AS(reference::make_plan_executor(broken), Error);
  CHECK_THROWS_AS(cpu::make_plan_executor(broken), Error);
}

}  // namespace
}  // namespace odin
