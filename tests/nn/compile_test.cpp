#include "nn/compile.h"

#include <doctest/doctest.h>

#include "kernels/backend.h"
#include "kernels/cpu/plan/plan_executor.h"
#include "nn/layers/average_pool.h"
#include "nn/layers/batch_norm.h"
#include "nn/layers/convolution.h"
#include "nn/layers/linear.h"
#include "nn/layers/relu.h"
#include "nn/network.h"
#include "nn/networks.h"
#include "tests/nn/fixture.h"
#include "tests/support/formula.h"
#include "tests/support/support.h"

using namespace odin;
using namespace odin::test;

namespace {

struct Results {
  std::vector<float> logits;
  std::vector<float> gradient;
  std::vector<float> perturbed;
};

Results run(PlanExecutor& executor, int num_classes, const std::vector<float>& images) {
  const std::size_t count = images.size() / 3072;
  const auto classes = static_cast<std::size_t>(num_classes);
  Results r{std::vector<float>(count * classes), std::vector<float>(images.size()),
            std::vector<float>(count * classes)};
  const OdinSetting setting{1000, {{0.0014f / 0.25f, 0.0014f / 0.24f, 0.0014f / 0.26f}}};
  executor.run(images.data(), static_cast<std::int64_t>(count), {&setting, 1},
               {r.logits.data(), r.perturbed.data(), r.gradient.data()});
  return r;
}

// The relative errors allowed: in the logits of all images, in the gradient of the best and of the
// worst image, and in the perturbed logits.
struct Tolerances {
  double logits;
  double best_gradient;
  double worst_gradient;
  double perturbed;
};

// In some images the rounding of single precision opens or closes a ReLU, and Winograd's (some 1e-6
// a layer) does so in most images: see gradient_errors(). Which images depends on how the compiler
// contracts the arithmetic. It should not happen in all three images of a fixture, whereas wrong
// code is wrong in all.
constexpr Tolerances kFloat{1e-5, 1e-4, 1e-2, 2e-4};
constexpr Tolerances kWinograd{1e-5, 1e-2, 1e-2, 2e-4};
// Weights of folded batch norms are rounded to float. Everything else is in double.
constexpr Tolerances kDouble{2e-6, 2e-6, 2e-6, 2e-6};

void check_against_pytorch(PlanExecutor& executor, int classes, const std::string& fixture_name,
                           std::size_t count, const Tolerances& tolerances) {
  INFO(fixture_name, " on ", executor.description());
  Fixture fixture(fixture_name + ".evaluation");
  const Results r = run(executor, classes, formula_images(count));
  CHECK(relative_error<float, float>(r.logits, fixture.next(r.logits.size())) < tolerances.logits);
  const std::vector<double> errors = gradient_errors(r.gradient, fixture.next(r.gradient.size()));
  CHECK(errors.front() < tolerances.best_gradient);
  CHECK(errors.back() < tolerances.worst_gradient);
  CHECK(relative_error<float, float>(r.perturbed, fixture.next(r.perturbed.size())) <
        tolerances.perturbed);
  CHECK(fixture.at_end());
}

struct Case {
  const char* fixture;
  Architecture architecture;
  std::size_t images;
};

const Case kSmall[] = {{"densenet_40_k4", DenseNetConfig{40, 4, 1.0, false, 10}, 2},
                       {"wide_resnet_10_1", WideResNetConfig{10, 1, 10}, 3}};
const Case kFull[] = {{"densenet_bc_100", DenseNetConfig{}, 3},
                      {"wide_resnet_28_10", WideResNetConfig{28, 10, 100}, 3}};

Plan formula_plan(const Case& c) {
  const Graph graph = build_graph(c.architecture);
  Plan plan = compile(graph, formula_parameters(graph));
  validate(plan);
  return plan;
}

void check_on_cpu(std::span<const Case> cases, ConvolutionAlgorithm convolution,
                  const Tolerances& tolerances) {
  for (const Case& c : cases) {
    cpu::PlanOptions options;
    options.convolution = convolution;
    const auto executor = cpu::make_plan_executor(formula_plan(c), options);
    check_against_pytorch(*executor, num_classes(c.architecture), c.fixture, c.images, tolerances);
  }
}

}  // namespace

TEST_CASE("both full networks, compiled for the CPU, agree with PyTorch" *
          doctest::test_suite("slow")) {
  check_on_cpu(kFull, ConvolutionAlgorithm::kDirect, kFloat);
  check_on_cpu(kFull, ConvolutionAlgorithm::kWinograd, kWinograd);
}

TEST_CASE("small networks, compiled for the CPU, agree with PyTorch") {
  check_on_cpu(kSmall, ConvolutionAlgorithm::kDirect, kFloat);
  check_on_cpu(kSmall, ConvolutionAlgorithm::kWinograd, kWinograd);
}

TEST_CASE("small networks, compiled and run in double, agree with PyTorch") {
  const auto reference = make_reference_backend();
  for (const Case& c : kSmall) {
    check_against_pytorch(*reference->prepare(formula_plan(c)), num_classes(c.architecture),
                          c.fixture, c.images, kDouble);
  }
}

TEST_CASE("a bottleneck layer becomes two convolutions, a transition a pool and a convolution") {
  const Graph graph = densenet({});
  const Plan plan = compile(graph, formula_parameters(graph));
  validate(plan);
  CHECK(plan.name == "DenseNet-BC-100");
  CHECK(plan.classes == 10);
  // First convolution, 48 layers of two, two transitions of two, pool, linear.
  CHECK(plan.steps.size() == 1 + 48 * 2 + 2 * 2 + 2);
  const auto& narrow = std::get<PlanConvolution>(plan.steps[1]);
  CHECK(narrow.kernel == 1);
  CHECK(narrow.prologue.has_value());
  CHECK(narrow.relu);
  CHECK(narrow.bias.size() == 48);
  const auto& wide = std::get<PlanConvolution>(plan.steps[2]);
  CHECK(wide.kernel == 3);
  CHECK(!wide.prologue.has_value());
  CHECK(wide.output.begin == 24);
  CHECK(std::holds_alternative<PlanPool>(plan.steps[33]));
  // 0.288 G in the paper's order; the transitions' convolutions have a quarter of the pixels.
  CHECK(multiply_adds(plan) == 261373788);
}

TEST_CASE("a residual block becomes convolutions alone") {
  const Graph graph = wide_resnet({});
  const Plan plan = compile(graph, formula_parameters(graph));
  validate(plan);
  CHECK(plan.steps.size() == 1 + 12 * 2 + 3 + 2);
  for (const PlanStep& step : plan.steps) CHECK(!std::holds_alternative<PlanNormalise>(step));
  CHECK(multiply_adds(plan) == 5243328768);
}

TEST_CASE("dropout changes nothing in a plan") {
  for (const Architecture& a : {Architecture(DenseNetConfig{10, 2, 0.5, true, 3}),
                                Architecture(DenseNetConfig{7, 2, 0.5, false, 3}),
                                Architecture(WideResNetConfig{10, 1, 10})}) {
    const ParameterMap parameters = formula_parameters(build_graph(a));
    const auto reference = make_reference_backend();
    const std::vector<float> images = formula_images(1);
    const Results plain =
        run(*reference->prepare(compile(build_graph(a), parameters)), num_classes(a), images);
    const Results dropped =
        run(*reference->prepare(compile(build_graph(a, 0.2), parameters)), num_classes(a), images);
    CHECK(plain.logits == dropped.logits);
    CHECK(plain.gradient == dropped.gradient);
  }
}

TEST_CASE("a graph that is neither of the two networks compiles too") {
  // It has a batch norm without a ReLU, a ReLU without a batch norm, a convolution that two layers
  // read, a pool with an odd window, and a 1x1 convolution that cannot change places with its pool
  // because it is read twice.
  Graph graph("odd", {2, 9, 9});
  Activation x = graph.add("c1", Convolution(2, 3, 3, 1, 1), {graph.input()});
  const Activation normalised = graph.add("b1", BatchNorm(3), {x});
  const Activation a = graph.add("c2", Convolution(3, 4, 3, 2, 1), {normalised});
  const Activation b = graph.add("c3", Convolution(3, 4, 1, 2), {graph.add("", Relu(), {x})});
  Activation y = graph.buffer({8, 5, 5});
  graph.add_into(graph.slice(y, 0, 4), "c4", Convolution(4, 4, 1), {a});
  graph.add_into(graph.slice(y, 4, 4), "c5", Convolution(4, 4, 1), {b});
  y = graph.add("", AveragePool(3, 2), {y});
  y = graph.add("b2", BatchNorm(8), {y});
  y = graph.add("", AveragePool(2, 1), {y});
  graph.add("fc", Linear(8, 3), {y});

  const ParameterMap parameters = formula_parameters(graph);
  const auto reference = make_reference_backend();
  const auto cpu = make_cpu_backend();
  const std::vector<double> noise = formula_noise("odd", 3 * 2 * 81);
  const std::vector<float> pixels(noise.begin(), noise.end());

  Network network(graph, *reference);
  network.set_parameters(parameters);
  Tensor images(*reference, {3, 2, 9, 9});
  images.upload(*reference, noise);
  std::vector<double> expected(9);
  reference->download(network.forward(images.view(), Mode::kEvaluation), expected.data());

  for (Backend* backend : {reference.get(), cpu.get()}) {
    std::vector<float> logits(9);
    backend->prepare(compile(graph, parameters))
        ->run(pixels.data(), 3, {}, {.logits = logits.data()});
    CHECK(relative_error<float, double>(logits, expected) < 1e-5);
  }
}

TEST_CASE("missing and misshapen parameters are named") {
  const Graph graph = wide_resnet({10, 1, 10});
  ParameterMap parameters = formula_parameters(graph);
  parameters["fc.weight"].shape = {10, 63};
  CHECK_THROWS_WITH_AS(compile(graph, parameters),
                       doctest::Contains("fc.weight has shape (10, 63), not (10, 64)"), Error);
  parameters.erase("block1.layer.0.bn2.running_var");
  CHECK_THROWS_WITH_AS(compile(graph, parameters),
                       doctest::Contains("block1.layer.0.bn2.running_var is missing"), Error);
}
