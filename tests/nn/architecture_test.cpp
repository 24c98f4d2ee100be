#include "nn/architecture.h"

#include <numeric>

#include <doctest/doctest.h>

#include "nn/networks.h"

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
  try {
    validate(architecture);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
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

TEST_CASE("networks are named as in the papers") {
  CHECK(name_of(DenseNetConfig{}) == "DenseNet-BC-100");
  CHECK(name_of(DenseNetConfig{.depth = 40, .bottleneck = false}) == "DenseNet-40");
  CHECK(name_of(WideResNetConfig{}) == "Wide-ResNet-28-10");
}

TEST_CASE("an impossible depth is refused with the nearest possible one") {
  CHECK(complaint(DenseNetConfig{}).empty());
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
