#include "tools/conversion/infer_architecture.h"

#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/error_of.h"
#include "tests/support/support.h"

namespace odin::pytorch {
namespace {

using test::contains;

using ShapeMap = std::map<std::string, std::vector<std::int64_t>>;

std::vector<NamedShape> listed(const ShapeMap& shapes) {
  std::vector<NamedShape> tensors;
  for (const auto& [name, shape] : shapes) tensors.push_back({name, name, shape});
  return tensors;
}

ShapeMap shapes_of(const Architecture& architecture) {
  ShapeMap shapes;
  for (const ParameterSpec& spec : parameter_specs(architecture)) {
    std::vector<std::int64_t>& extents = shapes[spec.name];
    for (int axis = 0; axis < spec.shape.rank(); ++axis) extents.push_back(spec.shape[axis]);
  }
  return shapes;
}

std::string refusal(const ShapeMap& shapes) {
  return test::error_of([&] { infer_architecture(listed(shapes)); });
}

TEST_CASE("A network is recognised by its names and shapes") {
  const std::vector<Architecture> architectures = {
      DenseNetConfig{},
      DenseNetConfig{.depth = 190, .growth_rate = 40, .num_classes = 100},
      DenseNetConfig{.depth = 10, .growth_rate = 1, .num_classes = 2},
      DenseNetConfig{.depth = 40, .reduction = 1, .bottleneck = false},
      DenseNetConfig{.depth = 40, .reduction = 0.5, .bottleneck = false},
      DenseNetConfig{.depth = 22, .growth_rate = 24, .reduction = 0.7},
      DenseNetConfig{.depth = 100, .growth_rate = 12, .reduction = 0.25},
      WideResNetConfig{},
      WideResNetConfig{.depth = 40, .widen_factor = 4, .num_classes = 100},
      WideResNetConfig{.depth = 10, .widen_factor = 1, .num_classes = 2},
      WideResNetConfig{.depth = 16, .widen_factor = 8},
      {WideResNetConfig{}, {1, 32}},
      {DenseNetConfig{}, {1, 32}},
  };
  for (const Architecture& architecture : architectures) {
    CAPTURE(describe(architecture));
    CHECK(infer_architecture(listed(shapes_of(architecture))) == architecture);
  }
}

TEST_CASE("A reduction that is no short decimal still gives the same network") {
  const DenseNetConfig config{.depth = 22, .growth_rate = 12, .reduction = 1.0 / 3};
  const ShapeMap shapes = shapes_of(config);
  CHECK(shapes_of(infer_architecture(listed(shapes))) == shapes);
}

TEST_CASE("For a network that is not ours, the closest one and the first difference are named") {
  SUBCASE("a missing tensor") {
    ShapeMap shapes = shapes_of(DenseNetConfig{});
    shapes.erase("block2.layer.3.bn2.running_var");
    const std::string why = refusal(shapes);
    CHECK_MESSAGE(contains(why,
                           "DenseNet-BC-100 (growth rate 12, reduction 0.5, 10 classes) is the "
                           "closest, but 'block2.layer.3.bn2.running_var' is missing"),
                  why);
  }
  SUBCASE("another shape") {
    ShapeMap shapes = shapes_of(WideResNetConfig{});
    shapes["block3.layer.1.conv2.weight"] = {640, 640, 5, 5};
    const std::string why = refusal(shapes);
    CHECK_MESSAGE(contains(why,
                           "Wide-ResNet-28-10 (10 classes) is the closest, but "
                           "'block3.layer.1.conv2.weight' has the shape (640, 640, 5, 5) "
                           "instead of (640, 640, 3, 3)"),
                  why);
  }
  SUBCASE("tensors too many") {
    ShapeMap shapes = shapes_of(DenseNetConfig{});
    shapes["conv1.bias"] = {24};
    shapes["block4.layer.0.conv1.weight"] = {24, 24, 1, 1};
    const std::string why = refusal(shapes);
    CHECK_MESSAGE(
        contains(why,
                 "'block4.layer.0.conv1.weight' of shape (24, 24, 1, 1) is not part of it "
                 "(and 1 more differences)"),
        why);
  }
  SUBCASE("names of another implementation") {
    const std::string why = refusal({{"features.conv0.weight", {64, 3, 7, 7}}});
    CHECK_MESSAGE(contains(why, "neither a DenseNet nor a Wide ResNet"), why);
    CHECK_MESSAGE(contains(why, "features.conv0.weight"), why);
  }
  SUBCASE("a tensor that every network has") {
    const std::string start = "its 1 tensors are neither a DenseNet nor a Wide ResNet: ";
    CHECK(refusal({{"block1.layer.0.conv1.weight", {24, 24, 1, 1}}}) ==
          start + "'fc.weight' is missing");
    CHECK(refusal({{"fc.weight", {10, 64}}}) == start + "'block1.layer.0.conv1.weight' is missing");
    CHECK(refusal({{"z.weight", {1}}}) ==
          start +
              "'block1.layer.0.conv1.weight' and 'fc.weight' are missing, and the first one's name "
              "is 'z.weight'");
    ShapeMap shapes = shapes_of(WideResNetConfig{.depth = 10, .widen_factor = 1});
    shapes["fc2.weight"] = shapes["fc.weight"];
    shapes.erase("fc.weight");
    CHECK(refusal(shapes).ends_with(": 'fc.weight' is missing"));
  }
  SUBCASE("one class") {
    ShapeMap shapes = shapes_of(WideResNetConfig{.depth = 10, .widen_factor = 1});
    shapes["fc.weight"] = {1, 64};
    shapes["fc.bias"] = {1};
    CHECK(refusal(shapes) ==
          "'fc.weight' has a single row: it is a network of one class, and two are needed");
  }
  SUBCASE("nothing at all") {
    CHECK(contains(refusal({}), "there are none"));
  }
  SUBCASE("sizes past any sense") {
    const std::string why =
        refusal({{"block1.layer.0.conv1.weight", {1 << 30, 3, 3, 3}}, {"fc.weight", {1 << 30, 3}}});
    CHECK_MESSAGE(contains(why, "must be between"), why);
  }
  SUBCASE("extents that are no sizes") {
    CHECK(refusal({{"block1.layer.0.conv1.weight", {}}, {"fc.weight", {}}}) != test::kNoError);
    CHECK(refusal({{"block1.layer.0.conv1.weight", {INT64_MAX, 1, 1, 1}}, {"fc.weight", {0}}}) !=
          test::kNoError);
    CHECK(refusal({{"block1.layer.0.conv1.weight", {1, 0, 1, 1}}, {"fc.weight", {1, 1}}}) !=
          test::kNoError);
  }
}

}  // namespace
}  // namespace odin::pytorch
