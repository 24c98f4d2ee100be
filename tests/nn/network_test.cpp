#include "nn/network.h"

#include <functional>
#include <limits>

#include <doctest/doctest.h>

#include "nn/networks.h"
#include "tests/nn/fixture.h"
#include "tests/support/formula.h"
#include "tests/support/support.h"

using namespace odin;
using namespace odin::test;

namespace {

constexpr double kTemperature = 1000;
constexpr double kMagnitude = 0.0014;
constexpr float kStd[] = {0.25f, 0.24f, 0.26f};

// What ODIN does, layer by layer, on the operations of a back end.
struct LayerwiseOdin {
  Backend& backend;
  Network network;

  LayerwiseOdin(Backend& b, const Graph& graph) : backend(b), network(graph, b) {
    network.set_parameters(formula_parameters(graph));
  }

  std::vector<double> read(ConstTensorView view) {
    std::vector<double> values(static_cast<std::size_t>(view.numel()));
    backend.download(view, values.data());
    return values;
  }

  void check(Fixture fixture, std::int64_t count, double tolerance) {
    const std::vector<float> pixels = formula_images(static_cast<std::size_t>(count));
    Tensor images(backend, {count, 3, 32, 32});
    images.upload(backend, {pixels.begin(), pixels.end()});

    const ConstTensorView logits = network.forward(images.view(), Mode::kEvaluation);
    const auto classes = logits.shape()[1];
    const auto logit_count = static_cast<std::size_t>(logits.numel());
    CHECK(relative_error<double, float>(read(logits), fixture.next(logit_count)) < tolerance);

    Tensor labels(backend, {count}, DataType::kInt32);
    Tensor dlogits(backend, {count, classes});
    backend.argmax(logits, labels.view());
    backend.cross_entropy_backward(logits, labels.view(), kTemperature, 1, dlogits.view());
    network.backward(dlogits.view(), {.input = true, .parameters = false});
    const std::vector<double> gradient = read(network.input_gradient());
    const std::vector<double> errors =
        gradient_errors({gradient.begin(), gradient.end()}, fixture.next(pixels.size()));
    CHECK(errors[errors.size() / 2] < tolerance);
    CHECK(errors.back() < 1e-2);

    Tensor step(backend, {3});
    step.upload(backend, {kMagnitude / kStd[0], kMagnitude / kStd[1], kMagnitude / kStd[2]});
    backend.perturb(images.view(), network.input_gradient(), step.view(), images.view());
    CHECK(relative_error<double, float>(read(network.forward(images.view(), Mode::kEvaluation)),
                                        fixture.next(logit_count)) < tolerance);
    CHECK(fixture.at_end());
  }

  void check_training(Fixture fixture, std::int64_t count, double tolerance) {
    const std::vector<float> pixels = formula_images(static_cast<std::size_t>(count));
    Tensor images(backend, {count, 3, 32, 32});
    images.upload(backend, {pixels.begin(), pixels.end()});
    const ConstTensorView logits = network.forward(images.view(), Mode::kTraining);
    const auto classes = logits.shape()[1];
    CHECK(relative_error<double, float>(
              read(logits), fixture.next(static_cast<std::size_t>(logits.numel()))) < tolerance);

    Tensor labels(backend, {count}, DataType::kInt32);
    std::vector<double> wanted;
    for (std::int64_t n = 0; n < count; ++n) wanted.push_back(static_cast<double>(n % classes));
    labels.upload(backend, wanted);
    Tensor dlogits(backend, {count, classes});
    backend.cross_entropy_backward(logits, labels.view(), 1, 1.0 / static_cast<double>(count),
                                   dlogits.view());
    network.backward(dlogits.view(), {});
    CHECK(relative_error<double, float>(read(network.input_gradient()),
                                        fixture.next(pixels.size())) < tolerance);
    for (Network::Parameter& p : sorted_as_pytorch(true)) {
      INFO("gradient of ", p.name);
      CHECK(relative_error<double, float>(
                p.gradient.download(backend),
                fixture.next(static_cast<std::size_t>(p.gradient.shape().numel()))) < tolerance);
    }
    for (Network::Parameter& p : sorted_as_pytorch(false)) {
      INFO(p.name);
      CHECK(relative_error<double, float>(
                p.value.download(backend),
                fixture.next(static_cast<std::size_t>(p.value.shape().numel()))) < tolerance);
    }
    CHECK(fixture.at_end());
  }

  // PyTorch lists a block's parameters in the order of its constructor, where the shortcut comes
  // after the second convolution. Our graph needs the shortcut before it.
  std::vector<Network::Parameter> sorted_as_pytorch(bool trainable) {
    std::vector<Network::Parameter> list;
    for (const Network::Parameter& p : network.parameter_list()) {
      if (p.trainable == trainable) list.push_back(p);
    }
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (list[i].name.ends_with("convShortcut.weight")) {
        const auto begin = list.begin() + static_cast<std::ptrdiff_t>(i);
        // Over conv1, bn2 (weight and bias) and conv2.
        std::rotate(begin, begin + 1, begin + 5);
        i += 4;
      }
    }
    return list;
  }
};

struct Case {
  const char* fixture;
  Architecture architecture;
  std::int64_t images;
};

const Case kTraining[] = {
    {"densenet_bc_10_k2.training", DenseNetConfig{10, 2, 0.5, true, 3}, 5},
    {"densenet_7_k2.training", DenseNetConfig{7, 2, 0.5, false, 3}, 4},
    {"wide_resnet_10_1.training", WideResNetConfig{10, 1, 10}, 3},
};

}  // namespace

// PyTorch's results are stored as floats: 6e-8 each.
constexpr double kReferenceTolerance = 1e-6;
// Single precision through up to 100 layers.
constexpr double kFloatTolerance = 1e-4;

TEST_CASE("small networks in double agree with PyTorch, layer by layer") {
  const auto backend = make_reference_backend();
  LayerwiseOdin(*backend, wide_resnet({10, 1, 10}))
      .check(Fixture("wide_resnet_10_1.evaluation"), 3, kReferenceTolerance);
  LayerwiseOdin(*backend, densenet({40, 4, 1.0, false, 10}))
      .check(Fixture("densenet_40_k4.evaluation"), 2, kReferenceTolerance);
}

TEST_CASE("both full networks on the CPU agree with PyTorch, layer by layer") {
  const auto backend = make_cpu_backend();
  LayerwiseOdin(*backend, densenet({}))
      .check(Fixture("densenet_bc_100.evaluation"), 3, kFloatTolerance);
  LayerwiseOdin(*backend, wide_resnet({28, 10, 100}))
      .check(Fixture("wide_resnet_28_10.evaluation"), 3, kFloatTolerance);
}

TEST_CASE("a training step in double agrees with PyTorch in every gradient and statistic") {
  const auto backend = make_reference_backend();
  for (const Case& c : kTraining) {
    INFO(c.fixture);
    LayerwiseOdin(*backend, build_graph(c.architecture))
        .check_training(Fixture(c.fixture), c.images, kReferenceTolerance);
  }
}

TEST_CASE("a training step on the CPU agrees with PyTorch in every gradient and statistic") {
  const auto backend = make_cpu_backend();
  for (const Case& c : kTraining) {
    INFO(c.fixture);
    LayerwiseOdin(*backend, build_graph(c.architecture))
        .check_training(Fixture(c.fixture), c.images, kFloatTolerance);
  }
}

TEST_CASE("parameters come back as they were given, and wrong ones are named") {
  const auto backend = make_cpu_backend();
  const Graph graph = densenet({10, 2, 0.5, true, 3});
  Network network(graph, *backend);
  ParameterMap parameters = formula_parameters(graph);
  network.set_parameters(parameters);
  const ParameterMap copy = network.parameters();
  REQUIRE(copy.size() == parameters.size());
  for (const auto& [name, array] : parameters) {
    CHECK(copy.at(name).shape == array.shape);
    CHECK(copy.at(name).values == array.values);
  }

  ParameterMap extra = parameters;
  extra["fc2.weight"] = extra["fc.weight"];
  CHECK_THROWS_WITH_AS(network.set_parameters(extra), doctest::Contains("no parameter fc2.weight"),
                       Error);
  ParameterMap missing = parameters;
  missing.erase("bn1.bias");
  CHECK_THROWS_WITH_AS(network.set_parameters(missing), doctest::Contains("bn1.bias is missing"),
                       Error);
  parameters["fc.bias"].shape = {4};
  CHECK_THROWS_WITH_AS(network.set_parameters(parameters),
                       doctest::Contains("fc.bias has shape (4), not (3)"), Error);
}

TEST_CASE("images of another size are refused, and no images give no logits") {
  const auto backend = make_cpu_backend();
  Network network(densenet({10, 2, 0.5, true, 3}), *backend);
  Tensor wrong(*backend, {1, 3, 28, 28});
  CHECK_THROWS_WITH_AS(network.forward(wrong.view(), Mode::kEvaluation),
                       doctest::Contains("3 x 32 x 32"), Error);
  Tensor none(*backend, {0, 3, 32, 32});
  CHECK(network.forward(none.view(), Mode::kEvaluation).shape() == Shape{0, 3});
}

TEST_CASE("dropout in training repeats for the same seed and step, and is off in evaluation") {
  const auto backend = make_reference_backend();
  const Graph graph = wide_resnet({10, 1, 10}, 0.3);
  Network network(graph, *backend);
  network.set_parameters(formula_parameters(graph));
  const std::vector<float> pixels = formula_images(2);
  Tensor images(*backend, {2, 3, 32, 32});
  images.upload(*backend, {pixels.begin(), pixels.end()});
  const auto run = [&](Mode mode, std::uint64_t seed) {
    network.set_random(seed, 0);
    std::vector<double> logits(20);
    backend->download(network.forward(images.view(), mode), logits.data());
    return logits;
  };
  const auto first = run(Mode::kTraining, 7);
  CHECK(first == run(Mode::kTraining, 7));
  CHECK(first != run(Mode::kTraining, 8));
  network.set_parameters(formula_parameters(graph));  // training moved the running statistics

  Network plain(wide_resnet({10, 1, 10}), *backend);
  plain.set_parameters(formula_parameters(plain.graph()));
  std::vector<double> expected(20);
  backend->download(plain.forward(images.view(), Mode::kEvaluation), expected.data());
  CHECK(run(Mode::kEvaluation, 7) == expected);
}

// Gradients share memory, in each mode otherwise, and are allocated anew for more images.
TEST_CASE("gradients do not depend on what a network computed before") {
  struct Pass {
    Mode mode;
    std::int64_t images;
  };
  const Pass passes[] = {{Mode::kTraining, 3}, {Mode::kEvaluation, 2}, {Mode::kTraining, 2},
                         {Mode::kTraining, 5}, {Mode::kEvaluation, 5}, {Mode::kTraining, 3}};
  const std::unique_ptr<Backend> backends[] = {make_reference_backend(), make_cpu_backend()};
  for (const auto& backend : backends) {
    for (const Graph& graph : {densenet({10, 2, 0.5, true, 3}), wide_resnet({10, 1, 10})}) {
      CAPTURE(graph.name());
      const ParameterMap parameters = formula_parameters(graph);
      // The gradient of the images, then those of all parameters.
      const auto run = [&](Network& network, const Pass& pass) {
        network.set_parameters(parameters);
        const std::vector<float> pixels = formula_images(static_cast<std::size_t>(pass.images));
        Tensor images(*backend, {pass.images, 3, 32, 32});
        images.upload(*backend, {pixels.begin(), pixels.end()});
        const ConstTensorView logits = network.forward(images.view(), pass.mode);
        network.backward(logits, {});
        std::vector<std::vector<double>> gradients(1, std::vector<double>(pixels.size()));
        backend->download(network.input_gradient(), gradients[0].data());
        for (const Network::Parameter& p : network.parameter_list()) {
          if (p.trainable) gradients.push_back(p.gradient.download(*backend));
        }
        return gradients;
      };
      Network used(graph, *backend);
      for (const Pass& pass : passes) {
        CAPTURE(pass.images);
        Network fresh(graph, *backend);
        CHECK(run(used, pass) == run(fresh, pass));
      }
    }
  }
}

TEST_CASE("the parameters of a network do not depend on the size of its images") {
  const auto backend = make_cpu_backend();
  for (const Architecture& usual : {Architecture(DenseNetConfig{10, 2, 0.5, true, 3}),
                                    Architecture(WideResNetConfig{10, 1, 3})}) {
    for (const int side : {4, 14, 16, 64}) {
      Architecture architecture = usual;
      architecture.image.side = side;
      Network network(build_graph(architecture), *backend);
      CHECK(network.graph().parameters() == parameter_specs(usual));
      Tensor images(*backend, {2, 3, side, side});
      CHECK(network.forward(images.view(), Mode::kTraining).shape() == Shape{2, 3});
    }
  }
}

TEST_CASE("first_not_finite() names the place where the first value that is not finite arose") {
  const auto backend = make_cpu_backend();
  const Graph graph = densenet({10, 2, 0.5, true, 3});
  Network network(graph, *backend);
  ParameterMap parameters = formula_parameters(graph);
  network.set_parameters(parameters);
  std::vector<float> pixels = formula_images(2);
  Tensor images(*backend, {2, 3, 32, 32});
  const auto first = [&](Mode mode) {
    images.upload(*backend, {pixels.begin(), pixels.end()});
    network.forward(images.view(), mode);
    return network.first_not_finite();
  };
  CHECK(first(Mode::kTraining) == "none");
  CHECK(first(Mode::kEvaluation) == "none");
  parameters["block2.layer.0.conv1.weight"].values[3] = std::numeric_limits<float>::infinity();
  network.set_parameters(parameters);
  CHECK(first(Mode::kTraining) == "block2.layer.0.conv1.weight");
  parameters["block1.layer.0.conv1.weight"].values[0] = 3e38f;
  parameters["block1.layer.0.conv1.weight"].values[1] = 3e38f;
  network.set_parameters(parameters);
  CHECK(first(Mode::kTraining) == "the output of block1.layer.0.conv1");
  pixels[7] = std::numeric_limits<float>::quiet_NaN();
  CHECK(first(Mode::kTraining) == "the images");
}
