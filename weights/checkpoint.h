// A trained network in a file: our HDF5 checkpoint.
//
// HDF5 reads it without us. Root attributes say what the network is: `format`, `format_version`,
// `architecture` and its hyperparameters (`depth`, `growth_rate`, `reduction` and `bottleneck`, or
// `depth` and `widen_factor`), `num_classes`, `class_names`, `mean`, `std`, `in_dataset`, `source`.
// Each parameter is a data set of 32-bit floats at its PyTorch name with '/' for '.'.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "nn/architecture.h"
#include "nn/parameters.h"

namespace odin {

struct Checkpoint {
  Architecture architecture;
  std::vector<std::string> class_names;  // one per class, or none
  std::array<float, 3> mean{};           // of pixels in 0..1, per channel, in [0, 1]
  std::array<float, 3> std{};            // in (0, 1]
  std::string in_dataset;                // "cifar10", "fashion_mnist", ...
  std::string source;                    // how it came to be
  ParameterMap parameters;
};

// Throws Error, naming the first entries that are wrong and counting the others, unless
// `parameters` holds exactly those of the architecture, each of its shape and finite, with running
// variances that are not negative.
void validate(const Architecture& architecture, const ParameterMap& parameters);

// Reads and validates a checkpoint. Throws Error with the file's name and what is wrong with it.
// Nothing outside the file is read: links, external storage, virtual data sets and filters that are
// not part of HDF5 are refused.
Checkpoint read_checkpoint(const std::filesystem::path& file);

// What a file holds, whether or not it makes a network.
struct CheckpointInspection {
  Checkpoint checkpoint;              // with every parameter that can be read
  std::vector<std::string> problems;  // one clause each; none where read_checkpoint() accepts it
};

// As read_checkpoint(), but parameters that do not fit the architecture are problems to be listed.
// Throws Error where what the network is cannot be read.
CheckpointInspection inspect_checkpoint(const std::filesystem::path& file);

// Validates and writes, to a temporary name that is then renamed, so that `file` is never half
// written. The same checkpoint gives the same bytes. Throws Error, e.g. when the disk is full.
void write_checkpoint(const Checkpoint& checkpoint, const std::filesystem::path& file);

}  // namespace odin
