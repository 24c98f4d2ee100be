#include "nn/architecture.h"

#include <numeric>

#include <doctest/doctest.h>

#include "nn/layers/average_pool.h"
#include "nn/networks.h"
#include "tests/support/error_of.h"

using namespace odin;

namespace {

std::int64_t trainable_parameters(const Architecture& architecture) {
  std::int64_t total = 0;
  for (const ParameterSpec& spec : parameter_specs(architecture)) {
    if (spec.trainable) total += spec.shape.numel();
  }
  return total;
}

std::string complaint(const Architecture& architecture) {
  return test::error_of([&] { validate(architecture); });
}

}  // namespace

TEST_CASE("the authors' networks have the published numbers of parameters") {
  CHECK(trainable_parameters(DenseNetConfig{}) == 769162);
  CHECK(trainable_parameters(DenseNetConfig{.num_classes = 100}) == 800032);
  CHECK(trainable_parameters(WideResNetConfig{}) == 36479194);
  CHECK(trainable_parameters(WideResNetConfig{.num_classes = 100}) == 36536884);
}

TEST_CASE("parameters have PyTorch's names and shapes") {
  const auto find = [](const std::vector<ParameterSpec>& specs, const std::string& name) {
    for (const ParameterSpec& spec : specs) {
      if (spec.name == name) return spec;
    }
    return ParameterSpec{};
  };
  const auto dense = parameter_specs(DenseNetConfig{});
  CHECK(find(dense, "conv1.weight").shape == Shape{24, 3, 3, 3});
  CHECK(find(dense, "block1.layer.15.conv1.weight").shape == Shape{48, 204, 1, 1});
  CHECK(find(dense, "block2.layer.0.bn1.running_mean") ==
        ParameterSpec{"block2.layer.0.bn1.running_mean", {108}, false});
  CHECK(find(dense, "trans2.conv1.weight").shape == Shape{150, 300, 1, 1});
  CHECK(find(dense, "fc.weight").shape == Shape{10, 342});

  const auto wide = parameter_specs(WideResNetConfig{});
  CHECK(find(wide, "block2.layer.0.convShortcut.weight").shape == Shape{320, 160, 1, 1});
  CHECK(find(wide, "block2.layer.1.convShortcut.weight").name.empty());
  CHECK(find(wide, "block3.layer.3.conv2.weight").shape == Shape{640, 640, 3, 3});
  // With a widen factor of 1 the first group keeps its width and needs no shortcut.
  const auto narrow = parameter_specs(WideResNetConfig{10, 1, 10});
  CHECK(find(narrow, "block1.layer.0.convShortcut.weight").name.empty());
}

TEST_CASE("the first convolution alone depends on the channels of the images") {
  auto of_colour = parameter_specs(DenseNetConfig{});
  auto of_grey = parameter_specs({DenseNetConfig{}, {1, 28}});
  CHECK(of_grey[0].shape == Shape{24, 1, 3, 3});
  of_grey[0] = of_colour[0];
  CHECK(of_grey == of_colour);
  CHECK(parameter_specs({WideResNetConfig{}, {1, 96}})[0].shape == Shape{16, 1, 3, 3});
}

TEST_CASE("the mean at the end covers a quarter of the side, or all that halving twice leaves") {
  const auto last_window = [](const Graph& graph) {
    const auto& nodes = graph.nodes();
    return dynamic_cast<const AveragePool&>(*nodes[nodes.size() - 2].layer).window();
  };
  for (const int side : {28, 32, 64, 96}) {
    CHECK(last_window(densenet({}, 0, {3, side})) == side / 4);
    CHECK(last_window(wide_resnet({}, 0, {3, side})) == side / 4);
  }
  CHECK(last_window(densenet({}, 0, {3, 30})) == 7);     // 30, 15, 7: windows of two
  CHECK(last_window(wide_resnet({}, 0, {3, 30})) == 8);  // 30, 15, 8: strides of two
}

TEST_CASE("images that no network takes are refused") {
  const auto of = [](ImageShape image) { return complaint({WideResNetConfig{}, image}); };
  CHECK(of({1, 4}) == test::kNoError);
  CHECK(of({3, 256}) == test::kNoError);
  CHECK(of({2, 32}) == "images must have 1 or 3 channels, not 2");
  CHECK(of({0, 32}) == "images must have 1 or 3 channels, not 0");
  CHECK(of({3, 3}) == "the side of the images must be between 4 and 256, not 3");
  CHECK(of({3, 257}) == "the side of the images must be between 4 and 256, not 257");
  CHECK(of({3, -32}) == "the side of the images must be between 4 and 256, not -32");
}

TEST_CASE("networks are named as in the papers") {
  CHECK(name_of(DenseNetConfig{}) == "DenseNet-BC-100");
  CHECK(name_of(DenseNetConfig{.depth = 40, .bottleneck = false}) == "DenseNet-40");
  CHECK(name_of(WideResNetConfig{}) == "Wide-ResNet-28-10");
}

TEST_CASE("an impossible depth is refused with the nearest possible one") {
  CHECK(complaint(DenseNetConfig{}) == test::kNoError);
  CHECK(complaint(DenseNetConfig{.depth = 101}).find("(the nearest is 100)") != std::string::npos);
  CHECK(complaint(DenseNetConfig{.depth = 41, .bottleneck = false}).find("nearest is 40") !=
        std::string::npos);
  CHECK(complaint(WideResNetConfig{.depth = -5}).find("nearest is 10") != std::string::npos);
  CHECK(complaint(WideResNetConfig{.depth = 2000000004}).find("depth") != std::string::npos);
  CHECK(complaint(WideResNetConfig{.widen_factor = 0}).find("widen factor") != std::string::npos);
  CHECK(complaint(DenseNetConfig{.growth_rate = -1}).find("growth rate") != std::string::npos);
  CHECK(complaint(DenseNetConfig{.reduction = 0}).find("reduction") != std::string::npos);
  CHECK(complaint(DenseNetConfig{.num_classes = 0}).find("classes") != std::string::npos);
}
