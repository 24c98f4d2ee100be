// The network's outputs for training images, kept on disk, so that detectors are fitted without
// running it again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "eval/scoring/training_set.h"
#include "weights/checkpoint.h"

namespace odin {

// A folder with one file for each network and set of images. Its name has the digests of both, so
// outputs are found again only if neither has changed.
class TrainingStore {
 public:
  // `folder` is created if it is missing. `device` is what runs the checkpoint's network, as given
  // by Scorer::description(). Throws Error if the folder cannot be created.
  TrainingStore(std::filesystem::path folder, const Checkpoint& checkpoint,
                std::string_view device);

  // Reads logits and features for the set's digest and number of images. False, and nothing read,
  // if there is no whole file of them.
  bool read(TrainingSet& set, int classes) const;
  // Throws Error if the file cannot be written; no file is ever left half written.
  void write(const TrainingSet& set) const;

 private:
  std::filesystem::path path_of(const TrainingSet& set) const;

  std::filesystem::path folder_;
  std::uint64_t network_;
};

}  // namespace odin
