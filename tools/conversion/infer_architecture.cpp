#include "tools/conversion/infer_architecture.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "kernels/error.h"
#include "tools/tensors/tensor.h"
#include "weights/files/printable.h"

namespace odin::pytorch {
namespace {

using ShapeMap = std::map<std::string, std::vector<std::int64_t>>;

// Extent `axis` of a tensor, if a hyperparameter can have that value.
std::optional<int> extent(const ShapeMap& shapes, const std::string& name, std::size_t axis) {
  const auto found = shapes.find(name);
  if (found == shapes.end() || axis >= found->second.size()) return std::nullopt;
  const std::int64_t value = found->second[axis];
  if (value < 1 || value > std::numeric_limits<int>::max()) return std::nullopt;
  return static_cast<int>(value);
}

// The number of layers in a block: one more than the largest N in "block1.layer.N.".
int count_layers(const ShapeMap& shapes) {
  int layers = 0;
  while (shapes.contains(fmt::format("block1.layer.{}.conv1.weight", layers))) ++layers;
  return layers;
}

// The reduction r with floor(width r) = kept in both transitions: 0.5 if possible, else the
// shortest decimal.
double infer_reduction(const ShapeMap& shapes) {
  double least = 0;
  double most = 1;  // not included
  for (const char* name : {"trans1.conv1.weight", "trans2.conv1.weight"}) {
    const auto kept = extent(shapes, name, 0);
    const auto width = extent(shapes, name, 1);
    if (!kept || !width) continue;
    least = std::max(least, static_cast<double>(*kept) / *width);
    most = std::min(most, (*kept + 1.0) / *width);
  }
  if (least <= 0.5 && 0.5 < most) return 0.5;
  for (const double steps : {10.0, 100.0, 1000.0, 10000.0}) {
    const double candidate = std::ceil(least * steps) / steps;
    if (candidate < most) return candidate;
  }
  return std::min(least, 1.0);
}

// The side of the images does not follow from the tensors.
ImageShape guess_image(const ShapeMap& shapes) {
  return {.channels = extent(shapes, "conv1.weight", 1) == 1 ? 1 : 3};
}

std::optional<Architecture> guess_densenet(const ShapeMap& shapes) {
  const int layers = count_layers(shapes);
  const auto classes = extent(shapes, "fc.weight", 0);
  const bool bottleneck = shapes.contains("block1.layer.0.conv2.weight");
  const auto growth =
      extent(shapes, bottleneck ? "block1.layer.0.conv2.weight" : "block1.layer.0.conv1.weight", 0);
  if (layers == 0 || !classes || !growth) return std::nullopt;
  const DenseNetConfig config{3 * layers * (bottleneck ? 2 : 1) + 4, *growth,
                              infer_reduction(shapes), bottleneck, *classes};
  return Architecture(config, guess_image(shapes));
}

std::optional<Architecture> guess_wide_resnet(const ShapeMap& shapes) {
  const int layers = count_layers(shapes);
  const auto classes = extent(shapes, "fc.weight", 0);
  const auto width = extent(shapes, "block1.layer.0.conv1.weight", 0);
  if (layers == 0 || !classes || !width || *width < 16) return std::nullopt;
  return Architecture(WideResNetConfig{6 * layers + 4, *width / 16, *classes}, guess_image(shapes));
}

// How a set of tensors differs from a network.
struct Differences {
  std::size_t count = 0;
  std::string first;
};

std::vector<std::int64_t> extents_of(const Shape& shape) {
  std::vector<std::int64_t> extents;
  for (int axis = 0; axis < shape.rank(); ++axis) extents.push_back(shape[axis]);
  return extents;
}

Differences compare(const Architecture& architecture, const std::vector<NamedShape>& tensors,
                    const ShapeMap& shapes) {
  Differences differences;
  const auto differ = [&](std::string what) {
    if (differences.count++ == 0) differences.first = std::move(what);
  };
  std::map<std::string, Shape> expected;
  for (const ParameterSpec& spec : parameter_specs(architecture)) {
    if (!shapes.contains(spec.name)) differ(fmt::format("'{}' is missing", spec.name));
    expected.emplace(spec.name, spec.shape);
  }
  for (const auto& [name, original, shape] : tensors) {
    const auto found = expected.find(name);
    if (found == expected.end()) {
      differ(fmt::format("'{}' of shape {} is not part of it", printable(original),
                         shape_text(shape)));
    } else if (shape != extents_of(found->second)) {
      differ(fmt::format("'{}' has the shape {} instead of {}", printable(original),
                         shape_text(shape), found->second.to_string()));
    }
  }
  return differences;
}

// Which of the tensors that every network of ours has are missing, in quotes.
std::vector<std::string> missing_tensors(const ShapeMap& shapes) {
  std::vector<std::string> missing;
  for (const char* name : {"block1.layer.0.conv1.weight", "fc.weight"}) {
    if (!shapes.contains(name)) missing.push_back(fmt::format("'{}'", name));
  }
  return missing;
}

// Why the tensors give no sizes of a network.
std::string why_none(const std::vector<NamedShape>& tensors, const ShapeMap& shapes) {
  if (tensors.empty()) return "there are none";
  const std::vector<std::string> missing = missing_tensors(shapes);
  if (missing.empty()) {
    return fmt::format("'block1.layer.0.conv1.weight' has the shape {}, and 'fc.weight' {}",
                       shape_text(shapes.at("block1.layer.0.conv1.weight")),
                       shape_text(shapes.at("fc.weight")));
  }
  const bool both = missing.size() > 1;
  return fmt::format(
      "{} {} missing{}", fmt::join(missing, " and "), both ? "are" : "is",
      both ? fmt::format(", and the first one's name is '{}'", printable(tensors.front().original))
           : "");
}

}  // namespace

Architecture infer_architecture(const std::vector<NamedShape>& tensors) {
  ShapeMap shapes;
  for (const auto& [name, original, shape] : tensors) {
    require(shapes.emplace(name, shape).second,
            "two of its tensors are '{}' by our names; one is '{}'", printable(name),
            printable(original));
  }
  std::optional<Architecture> nearest;
  Differences least;
  std::string impossible;
  for (const auto& guess : {guess_densenet(shapes), guess_wide_resnet(shapes)}) {
    if (!guess) continue;
    try {
      validate(*guess);
      const Differences differences = compare(*guess, tensors, shapes);
      if (nearest && least.count <= differences.count) continue;
      nearest = guess;
      least = differences;
    } catch (const Error& error) {  // sizes that no network of the family has
      impossible = error.what();
    }
  }
  if (!nearest && extent(shapes, "fc.weight", 0) == 1) {
    fail("'fc.weight' has a single row: it is a network of one class, and two are needed");
  }
  require(nearest.has_value(), "its {} tensors are neither a DenseNet nor a Wide ResNet: {}",
          shapes.size(), impossible.empty() ? why_none(tensors, shapes) : impossible);
  require(least.count == 0, "it is not a network that we know: {} is the closest, but {}",
          describe(*nearest),
          least.count == 1
              ? least.first
              : fmt::format("{} (and {} more differences)", least.first, least.count - 1));
  return *nearest;
}

std::string describe(const Architecture& architecture) {
  const int classes = num_classes(architecture);
  const ImageShape image = architecture.image;
  const std::string images =
      image == ImageShape{}
          ? ""
          : fmt::format(", images of {} x {} x {}", image.channels, image.side, image.side);
  if (const auto* dense = std::get_if<DenseNetConfig>(&architecture.family)) {
    return fmt::format("{} (growth rate {}, reduction {}, {} classes{})", name_of(architecture),
                       dense->growth_rate, dense->reduction, classes, images);
  }
  return fmt::format("{} ({} classes{})", name_of(architecture), classes, images);
}

}  // namespace odin::pytorch
