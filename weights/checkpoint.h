// A trained network in a file: our HDF5 checkpoint.
//
// Any HDF5 tool can read it. Root attributes say what the network is: `format`, `format_version`,
// `architecture` and its hyperparameters (`depth`, `growth_rate`, `reduction` and `bottleneck`, or
// `depth` and `widen_factor`), `num_classes`, `class_names`, `mean`, `std`, `in_dataset`, `source`,
// and the shape of the images: `image_channels` (absent: 3) and `image_size`, their side (absent:
// 32). Each parameter is a data set of 32-bit floats. Its path is its PyTorch name with '/' for
// '.'. A detector's file has its settings besides, as attributes of the group `detector`
// (weights/detector_settings.h) and, for a score that learns, what that has learnt
// (weights/detector_fit.h).
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nn/architecture.h"
#include "nn/parameters.h"
#include "weights/detector_fit.h"
#include "weights/detector_settings.h"

namespace odin {

struct Checkpoint {
  Architecture architecture;
  std::vector<std::string> class_names;  // one per class, or none
  std::vector<float> mean;               // of pixels in 0..1, per channel, in [0, 1]
  std::vector<float> std;                // in (0, 1]
  std::string in_dataset;                // "cifar10", "fashion_mnist", ...
  std::string source;                    // how the network was made, in words
  ParameterMap parameters;
  std::optional<DetectorSettings> detector{};  // of a file that odin_calibrate wrote
  // What its score has learnt; nullptr for one that learns nothing. Copies share it: it may be
  // large.
  std::shared_ptr<const DetectorFit> detector_fit{};
};

// Checks that `parameters` holds exactly the architecture's parameters, each of the right shape and
// finite, and no negative running variance. Throws Error if not; it names the first wrong entries
// and counts the others.
void validate(const Architecture& architecture, const ParameterMap& parameters);

// Reads and validates a checkpoint. Throws Error with the file's name and what is wrong with it.
// Nothing outside the file is read: the reader refuses links, external storage, virtual data sets
// and filters that are not part of HDF5.
Checkpoint read_checkpoint(const std::filesystem::path& file);

// What a file holds, even if it does not make a network.
struct CheckpointInspection {
  Checkpoint checkpoint;              // with every parameter that can be read
  std::vector<std::string> problems;  // one clause each; none if read_checkpoint() accepts the file
};

// Like read_checkpoint(), but lists parameters that do not fit the architecture instead of
// throwing. Throws Error if the attributes that describe the network cannot be read.
CheckpointInspection inspect_checkpoint(const std::filesystem::path& file);

// Validates and writes a checkpoint. `file` is replaced only once everything is written
// (write_atomically()). The same checkpoint always gives the same bytes. Throws Error if the
// checkpoint is invalid or cannot be written, for example because the disk is full.
void write_checkpoint(const Checkpoint& checkpoint, const std::filesystem::path& file);

}  // namespace odin
