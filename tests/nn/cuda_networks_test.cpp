// Both networks, in miniature, on a CUDA device, the emulated one or a real one.
#include <span>

#include <doctest/doctest.h>

#include "nn/compile.h"
#include "nn/networks.h"
#include "tests/kernels/classifier_error.h"
#include "tests/kernels/cuda/device.h"
#include "tests/nn/passes.h"
#include "tests/support/formula.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {

// As small as the architectures allow.
const DenseNetConfig kDenseNet{10, 2, 0.5, true, 3};
const WideResNetConfig kWideResNet{10, 1, 4};
const Architecture kNetworks[] = {kDenseNet, kWideResNet, DenseNetConfig{7, 2, 0.5, false, 3}};
constexpr std::int64_t kImages = 2;

// Two that have every layer between them, for images of other sizes. (A final map of 28 / 4 is
// odd.)
const Architecture kSmallImages[] = {{kDenseNet, {1, 28}}, {kWideResNet, {1, 28}}};
const Architecture kLargeImages[] = {{kDenseNet, {3, 64}}, {kWideResNet, {3, 96}}};

void check_passes(ConvolutionAlgorithm convolution, Mode mode,
                  std::span<const Architecture> networks = cases_of(kNetworks, 2)) {
  const auto reference = make_reference_backend();
  const auto backend = make_cuda({.convolution = convolution});
  for (const Architecture& architecture : networks) {
    INFO(name_of(architecture), ", ", architecture.image.side, ", ", name_of(convolution));
    const Tensors expected = pass(*reference, architecture, kImages, mode);
    const Tensors results = pass(*backend, architecture, kImages, mode);
    for (const auto& [name, values] : expected) {
      INFO(name);
      // Single precision through ten layers, each of which may cancel a digit.
      CHECK(relative_error(std::span<const double>(results.at(name)),
                           std::span<const double>(values)) < 1e-4);
    }
  }
}

struct Results {
  std::vector<float> logits;
  std::vector<float> perturbed;
  std::vector<float> features;
};

Results odin_of(Backend& backend, const Plan& plan, const ImageShape& shape) {
  const std::vector<float> images = formula_images(kImages, shape);
  const auto count = static_cast<std::size_t>(kImages * plan.classes);
  Results results{std::vector<float>(count), std::vector<float>(count),
                  std::vector<float>(static_cast<std::size_t>(kImages * plan.features()))};
  std::vector<float> steps{0.0056f, 0.0058f, 0.0054f};
  steps.resize(static_cast<std::size_t>(shape.channels));
  const OdinSetting setting{1000, {steps}};
  backend.prepare(plan)->run(images.data(), kImages, {&setting, 1},
                             {.logits = results.logits.data(),
                              .perturbed = results.perturbed.data(),
                              .features = results.features.data()});
  return results;
}

TEST_CASE("both networks run layer by layer on a CUDA device, in evaluation") {
  if (few_cases()) return;  // a training step does all of that
  on_every_convolution(Runs::kOther,
                       [](ConvolutionAlgorithm c) { check_passes(c, Mode::kEvaluation); });
}

TEST_CASE("both networks take a training step on a CUDA device") {
  on_every_convolution(Runs::kOther, [](ConvolutionAlgorithm c) {
    check_passes(c, Mode::kTraining, cases_of(kNetworks, 1));
  });
}

// The gradients of all parameters as one vector. The gradient of a single parameter may be the
// result of sums that cancel, and then it is mostly rounding.
std::vector<double> gradient_of(const Tensors& results) {
  std::vector<double> gradient;
  for (const auto& [name, values] : results) {
    if (name.starts_with("gradient of ")) {
      gradient.insert(gradient.end(), values.begin(), values.end());
    }
  }
  return gradient;
}

struct Row {
  Precision precision;
  double tolerance;  // rounding of the type, through ten layers
};

// With two images, one ReLU that rounding opens or closes is a large part of a gradient. So the
// tolerance is far above the types' rounding, and far below 1, the error of a wrong gradient.
TEST_CASE("both networks take a training step in half precision on a CUDA device") {
  const auto reference = make_reference_backend();
  on_every_convolution(Runs::kOther, [&](ConvolutionAlgorithm convolution) {
    for (const Architecture& architecture :
         std::span(kNetworks).subspan(few_cases() ? 1 : 0, few_cases() ? 1 : 2)) {
      const Tensors expected = pass(*reference, architecture, kImages, Mode::kTraining);
      for (const Row& row : {Row{Precision::kFloat16, 0.1}, Row{Precision::kBFloat16, 0.3}}) {
        if (few_cases() && row.precision != Precision::kFloat16) continue;
        INFO(name_of(architecture), ", ", name_of(convolution), ", ", name_of(row.precision));
        const auto backend = make_cuda({.precision = row.precision, .convolution = convolution});
        const Tensors results = pass(*backend, architecture, kImages, Mode::kTraining);
        const auto error = [](const std::vector<double>& a, const std::vector<double>& b) {
          return relative_error<double, double>(a, b);
        };
        CHECK(error(results.at("logits"), expected.at("logits")) < row.tolerance / 30);
        CHECK(error(results.at("input gradient"), expected.at("input gradient")) < row.tolerance);
        CHECK(error(gradient_of(results), gradient_of(expected)) < row.tolerance / 2);
        CHECK(error(results.at("bn1.running_var"), expected.at("bn1.running_var")) <
              row.tolerance / 100);
      }
    }
  });
}

void check_compiled(Runs runs, std::initializer_list<Row> rows,
                    std::span<const Architecture> networks = cases_of(kNetworks, 2)) {
  const auto reference = make_reference_backend();
  on_every_convolution(runs, [&](ConvolutionAlgorithm convolution) {
    for (const Architecture& architecture : networks) {
      const Graph graph = build_graph(architecture);
      const Plan plan = compile(graph, formula_parameters(graph));
      const Results expected = odin_of(*reference, plan, architecture.image);
      for (const Row& row : rows) {
        if (few_cases() && &row != rows.begin()) continue;
        INFO(graph.name(), ", ", architecture.image.side, ", ", name_of(row.precision), ", ",
             name_of(convolution));
        const auto backend = make_cuda({.precision = row.precision, .convolution = convolution});
        const Results results = odin_of(*backend, plan, architecture.image);
        CHECK(relative_error<float, float>(results.logits, expected.logits) < row.tolerance);
        CHECK(relative_error<float, float>(results.perturbed, expected.perturbed) < row.tolerance);
        CHECK(relative_error<float, float>(results.features, expected.features) < row.tolerance);
        CHECK(classifier_error(plan, results.features, results.logits) < kClassifierTolerance);
      }
    }
  });
}

TEST_CASE("both networks run compiled on a CUDA device, in fp32 and tf32") {
  check_compiled(Runs::kOther, {{Precision::kFloat32, 1e-5}, {Precision::kTf32, 1e-2}},
                 cases_of(kNetworks, 1));
}

TEST_CASE("both networks run compiled on a CUDA device, in fp16 and bf16") {
  check_compiled(Runs::kHalfPlans, {{Precision::kFloat16, 1e-2}, {Precision::kBFloat16, 8e-2}});
}

TEST_CASE("networks for images of 28 x 28 run on a CUDA device, in training and compiled") {
  if (few_cases()) return;  // the same kernels once more
  on_every_convolution(
      Runs::kOther, [](ConvolutionAlgorithm c) { check_passes(c, Mode::kTraining, kSmallImages); });
  check_compiled(Runs::kHalfPlans, {{Precision::kFloat32, 1e-5}, {Precision::kFloat16, 1e-2}},
                 kSmallImages);
}

TEST_CASE(
    "networks for images of 64 x 64 and 96 x 96 run on a CUDA device, in training and compiled" *
    doctest::test_suite("slow")) {
  if (few_cases()) return;
  on_every_convolution(
      Runs::kOther, [](ConvolutionAlgorithm c) { check_passes(c, Mode::kTraining, kLargeImages); });
  check_compiled(Runs::kOther, {{Precision::kFloat32, 1e-5}}, kLargeImages);
}

}  // namespace
}  // namespace odin::test
