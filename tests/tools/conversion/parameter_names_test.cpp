#include "tools/conversion/parameter_names.h"

#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "kernels/error.h"

namespace odin::pytorch {
namespace {

// Tensors of these names. A name that ends with "*" is a matrix's.
std::vector<NamedTensor> named(const std::vector<std::string>& names) {
  std::vector<NamedTensor> tensors;
  for (std::string name : names) {
    Tensor tensor;
    if (name.ends_with('*')) {
      name.pop_back();
      tensor.shape = {3, 2};
      tensor.strides = {2, 1};
    }
    tensors.push_back({name, tensor});
  }
  return tensors;
}

// "our names | tensors beside", or the error.
std::string naming_of(const std::vector<std::string>& names) {
  const std::vector<NamedTensor> tensors = named(names);
  std::string result;
  try {
    const Naming naming = name_parameters(tensors);
    for (const auto& [name, tensor] : naming.parameters) result += name + " ";
    result += "|";
    for (const NamedTensor* tensor : naming.beside) result += " " + tensor->name;
  } catch (const Error& error) {
    return error.what();
  }
  return result;
}

constexpr const char* kOurs = "block1.layer.0.conv1.weight";
constexpr const char* kTheirs = "features.denseblock1.denselayer1.conv1.weight";

TEST_CASE("Prefixes and modules beside the network are told from its layers") {
  const std::string ours = kOurs;
  const std::pair<std::vector<std::string>, std::string> cases[] = {
      {{ours, "fc.weight*"}, ours + " fc.weight |"},
      {{"a.b." + ours, "a.b.fc.weight*"}, ours + " fc.weight |"},
      {{"0.mean", "1." + ours, "1.fc.weight*"}, ours + " fc.weight | 0.mean"},
      {{"mu", ours, "normalize.mean", "fc.weight*"}, ours + " fc.weight | mu normalize.mean"},
      // A layer that ours do not have changes what the network computes.
      {{ours, "block4.layer.0.conv1.weight", "conv1.bias", "layer5.x", "conv9.weight"},
       ours + " block4.layer.0.conv1.weight conv1.bias layer5.x conv9.weight |"},
      // Copies beside a network without a prefix.
      {{ours, "ema." + ours}, ours + " | ema." + ours},
      {{"b." + ours, "a." + ours},
       "the names of its tensors are those of 2 networks: choose one with --key, such as 'a' or "
       "'b'"},
      {{"x.one.weight", "x.two.weight"}, "one.weight two.weight |"},
      {{"fc.weight*", "fc.bias"}, "weight bias |"},
      {{}, "|"},
  };
  for (const auto& [names, expected] : cases) CHECK(naming_of(names) == expected);
}

TEST_CASE("The classifier is found by its name, in the network and outside of it") {
  const std::string ours = kOurs;
  const std::pair<std::vector<std::string>, std::string> cases[] = {
      {{ours, "linear.weight*", "linear.bias"}, ours + " fc.weight fc.bias |"},
      {{ours, "classifier.weight*", "classifier.bias"}, ours + " fc.weight fc.bias |"},
      {{ours, "head.weight*", "head.bias"}, ours + " fc.weight fc.bias |"},
      {{ours, "output.weight*", "output.bias"}, ours + " fc.weight fc.bias |"},
      {{"encoder." + ours, "head.weight*", "head.bias", "mu"}, ours + " fc.weight fc.bias | mu"},
      {{"encoder." + ours, "encoder.fc.weight*", "head.weight*"},
       ours + " fc.weight | head.weight"},
      {{ours, "fc.weight*", "linear.weight*"}, ours + " fc.weight | linear.weight"},
      {{ours, "linear.weight"}, ours + " | linear.weight"},  // no matrix
      {{ours, "head.weight*", "linear.weight*"},
       "its classifier may be 'head' or 'linear': rename one of them to 'fc'"},
  };
  for (const auto& [names, expected] : cases) CHECK(naming_of(names) == expected);
}

TEST_CASE("torchvision's and gpleiss's names of a DenseNet become ours") {
  const std::string first = "block1.layer.0.conv1.weight ";
  const std::pair<std::string, std::string> cases[] = {
      {"features.conv0.weight", "conv1.weight"},
      {"features.denseblock3.denselayer16.norm2.running_var", "block3.layer.15.bn2.running_var"},
      {"features.denseblock2.denselayer1.norm.1.bias", "block2.layer.0.bn1.bias"},
      {"features.denseblock1.denselayer2.conv.2.weight", "block1.layer.1.conv2.weight"},
      {"features.transition2.norm.weight", "trans2.bn1.weight"},
      {"features.transition1.conv.weight", "trans1.conv1.weight"},
      {"features.norm5.running_mean", "bn1.running_mean"},
      {"features.norm_final.running_mean", "bn1.running_mean"},
      {"features.denseblock1.denselayer1.conv.weight",
       "features.denseblock1.denselayer1.conv.weight"},
      {"features.denseblock1.denselayer1.pool1.weight",
       "features.denseblock1.denselayer1.pool1.weight"},
      {"features.transition1.pool.weight", "features.transition1.pool.weight"},
      {"features.conv0.a.weight", "features.conv0.a.weight"},
      // Unknown ones are kept, and are then no part of the network.
      {"features.norm7.weight", "features.norm7.weight"},
      {"features.denseblock1.denselayer0.norm1.weight",
       "features.denseblock1.denselayer0.norm1.weight"},
      {"features.denseblock1.denselayer99999.norm1.weight",
       "features.denseblock1.denselayer99999.norm1.weight"},
  };
  for (const auto& [theirs, ours] : cases) {
    CHECK(naming_of({kTheirs, theirs}) == first + ours + " |");
    CHECK(naming_of({std::string("net.") + kTheirs, "net." + theirs, "classifier.weight*"}) ==
          first + ours + " fc.weight |");
  }
  CHECK(naming_of({"denseblock1.denselayer1.conv1.weight", "conv0.weight", "norm5.bias"}) ==
        first + "conv1.weight bn1.bias |");
  CHECK(naming_of({kTheirs, "features.norm0.weight"})
            .starts_with("it is torchvision's DenseNet for large images"));
}

TEST_CASE("Names as long as a file may give them take no more than a moment") {
  const std::string name(std::size_t{1} << 16, 'a');
  CHECK(naming_of({kOurs, name}) == std::string(kOurs) + " | " + name);
  CHECK(naming_of({kOurs, name + ".x"}) == std::string(kOurs) + " | " + name + ".x");
  const std::string digits = "conv" + std::string(std::size_t{1} << 16, '1') + ".weight";
  CHECK(naming_of({kOurs, digits}) == std::string(kOurs) + " " + digits + " |");
}

}  // namespace
}  // namespace odin::pytorch
