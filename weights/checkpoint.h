// A trained network in a file: our HDF5 checkpoint.
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
  std::array<float, 3> mean{};           // of pixels in 0..1, per channel
  std::array<float, 3> std{};            // > 0
  std::string in_dataset;                // "cifar10", "fashion_mnist", ...
  std::string source;                    // how it came to be
  ParameterMap parameters;
};

// Throws Error, naming every entry that is wrong, unless `parameters` holds exactly those of the
// architecture, each of its shape and finite, with running variances that are not negative.
void validate(const Architecture& architecture, const ParameterMap& parameters);

// Reads and validates a checkpoint. Throws Error with the file's name and what is wrong with it.
Checkpoint read_checkpoint(const std::filesystem::path& file);

// Validates and writes, to a temporary name that is then renamed, so that `file` is never half
// written. The same checkpoint gives the same bytes. Throws Error, e.g. when the disk is full.
void write_checkpoint(const Checkpoint& checkpoint, const std::filesystem::path& file);

}  // namespace odin
