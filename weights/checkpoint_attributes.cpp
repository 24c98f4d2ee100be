#include "weights/checkpoint_attributes.h"

#include <array>
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

Architecture read_architecture(const Handle& root) {
  const std::string family = hdf5::read_string(root, "architecture");
  if (family == kDenseNetFamily) {
    DenseNetConfig config;
    config.depth = read_hyperparameter(root, "depth");
    config.growth_rate = read_hyperparameter(root, "growth_rate");
    config.reduction = hdf5::read_number(root, "reduction");
    config.bottleneck = hdf5::read_boolean(root, "bottleneck");
    config.num_classes = read_hyperparameter(root, "num_classes");
    return config;
  }
  require(family == kWideResNetFamily, "its architecture is '{}' where '{}' or '{}' is expected",
          printable(family), kDenseNetFamily, kWideResNetFamily);
  WideResNetConfig config;
  config.depth = read_hyperparameter(root, "depth");
  config.widen_factor = read_hyperparameter(root, "widen_factor");
  config.num_classes = read_hyperparameter(root, "num_classes");
  return config;
}

std::array<float, 3> read_channels(const Handle& root, const char* name) {
  const std::vector<double> values = hdf5::read_numbers(root, name, 3);
  return {static_cast<float>(values[0]), static_cast<float>(values[1]),
          static_cast<float>(values[2])};
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
  require(version == kCheckpointVersion,
          "its format has version {} where {} is expected; use a version of this program that is "
          "as {} as the file",
          version, kCheckpointVersion, version > kCheckpointVersion ? "new" : "old");
  Checkpoint checkpoint;
  checkpoint.architecture = read_architecture(root);
  checkpoint.class_names = hdf5::read_strings(root, "class_names");
  checkpoint.mean = read_channels(root, "mean");
  checkpoint.std = read_channels(root, "std");
  checkpoint.in_dataset = hdf5::read_string(root, "in_dataset");
  checkpoint.source = hdf5::read_string(root, "source");
  checkpoint.detector = read_detector_settings(root);
  check_description(checkpoint);
  return checkpoint;
}

void write_description(const Checkpoint& checkpoint, const Handle& root) {
  hdf5::write_string(root, "format", kCheckpointFormat);
  hdf5::write_integer(root, "format_version", kCheckpointVersion);
  std::visit(WriteHyperparameters{root}, checkpoint.architecture);
  hdf5::write_integer(root, "num_classes", num_classes(checkpoint.architecture));
  hdf5::write_strings(root, "class_names", checkpoint.class_names);
  hdf5::write_numbers(root, "mean", checkpoint.mean);
  hdf5::write_numbers(root, "std", checkpoint.std);
  hdf5::write_string(root, "in_dataset", checkpoint.in_dataset);
  hdf5::write_string(root, "source", checkpoint.source);
}

}  // namespace odin
