#include "weights/checkpoint_attributes.h"

#include <cstdint>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "kernels/error.h"
#include "weights/checkpoint_rules.h"
#include "weights/detector_attributes.h"
#include "weights/files/printable.h"
#include "weights/hdf5_attribute.h"

namespace odin {
namespace {

using hdf5::Handle;

int read_hyperparameter(const Handle& root, const char* name) {
  const std::int64_t value = hdf5::read_integer(root, name);
  require(value >= 0 && value <= std::numeric_limits<int>::max(),
          "its attribute {} is {}, which no network has", name, value);
  return static_cast<int>(value);
}

// Of networks for other images than the usual ones.
ImageShape read_image_shape(const Handle& root) {
  ImageShape shape;
  if (hdf5::has_attribute(root, "image_channels")) {
    shape.channels = read_hyperparameter(root, "image_channels");
  }
  if (hdf5::has_attribute(root, "image_size")) {
    shape.side = read_hyperparameter(root, "image_size");
  }
  return shape;
}

Architecture read_architecture(const Handle& root) {
  const ImageShape image = read_image_shape(root);
  const std::string family = hdf5::read_string(root, "architecture");
  if (family == kDenseNetFamily) {
    DenseNetConfig config;
    config.depth = read_hyperparameter(root, "depth");
    config.growth_rate = read_hyperparameter(root, "growth_rate");
    config.reduction = hdf5::read_number(root, "reduction");
    config.bottleneck = hdf5::read_boolean(root, "bottleneck");
    config.num_classes = read_hyperparameter(root, "num_classes");
    return {config, image};
  }
  require(family == kWideResNetFamily, "its architecture is '{}' where '{}' or '{}' is expected",
          printable(family), kDenseNetFamily, kWideResNetFamily);
  WideResNetConfig config;
  config.depth = read_hyperparameter(root, "depth");
  config.widen_factor = read_hyperparameter(root, "widen_factor");
  config.num_classes = read_hyperparameter(root, "num_classes");
  return {config, image};
}

std::vector<float> read_channels(const Handle& root, const char* name, int channels) {
  const std::vector<double> values =
      hdf5::read_numbers(root, name, static_cast<std::size_t>(channels));
  std::vector<float> rounded;
  for (const double value : values) rounded.push_back(static_cast<float>(value));
  return rounded;
}

struct WriteHyperparameters {
  const Handle& root;

  void operator()(const DenseNetConfig& config) const {
    hdf5::write_string(root, "architecture", kDenseNetFamily);
    hdf5::write_integer(root, "depth", config.depth);
    hdf5::write_integer(root, "growth_rate", config.growth_rate);
    hdf5::write_number(root, "reduction", config.reduction);
    hdf5::write_boolean(root, "bottleneck", config.bottleneck);
  }
  void operator()(const WideResNetConfig& config) const {
    hdf5::write_string(root, "architecture", kWideResNetFamily);
    hdf5::write_integer(root, "depth", config.depth);
    hdf5::write_integer(root, "widen_factor", config.widen_factor);
  }
};

}  // namespace

Checkpoint read_description(const Handle& root) {
  const std::string format = hdf5::read_string(root, "format");
  require(format == kCheckpointFormat, "its format is '{}' where '{}' is expected",
          printable(format), kCheckpointFormat);
  const std::int64_t version = hdf5::read_integer(root, "format_version");
  require(
      version >= 1 && version <= kCheckpointVersion,
      "its format has version {} where 1 to {} are expected; use a version of this program that "
      "is as {} as the file",
      version, kCheckpointVersion, version > kCheckpointVersion ? "new" : "old");
  Checkpoint checkpoint;
  checkpoint.architecture = read_architecture(root);
  // Checked before it says how many means there are.
  validate(checkpoint.architecture);
  const int channels = checkpoint.architecture.image.channels;
  checkpoint.class_names = hdf5::read_strings(root, "class_names");
  checkpoint.mean = read_channels(root, "mean", channels);
  checkpoint.std = read_channels(root, "std", channels);
  checkpoint.in_dataset = hdf5::read_string(root, "in_dataset");
  checkpoint.source = hdf5::read_string(root, "source");
  checkpoint.detector = read_detector_settings(root);
  check_description(checkpoint);
  return checkpoint;
}

void write_description(const Checkpoint& checkpoint, const Handle& root) {
  hdf5::write_string(root, "format", kCheckpointFormat);
  const ImageShape image = checkpoint.architecture.image;
  const bool usual = image == ImageShape{};
  hdf5::write_integer(root, "format_version", usual ? 1 : kCheckpointVersion);
  std::visit(WriteHyperparameters{root}, checkpoint.architecture.family);
  if (!usual) {
    hdf5::write_integer(root, "image_channels", image.channels);
    hdf5::write_integer(root, "image_size", image.side);
  }
  hdf5::write_integer(root, "num_classes", num_classes(checkpoint.architecture));
  hdf5::write_strings(root, "class_names", checkpoint.class_names);
  hdf5::write_numbers(root, "mean", checkpoint.mean);
  hdf5::write_numbers(root, "std", checkpoint.std);
  hdf5::write_string(root, "in_dataset", checkpoint.in_dataset);
  hdf5::write_string(root, "source", checkpoint.source);
}

}  // namespace odin
