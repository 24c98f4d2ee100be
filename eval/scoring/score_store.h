// Scores kept on disk, so that a long run does not repeat work after an interruption.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "eval/scoring/scorer.h"

namespace odin {

// A folder with one file for each batch of images that was scored. The file's name is a hash of all
// that its scores depend on: the network, the device, the detectors, the pixels and ODIN's
// parameters. So a batch is found again only if none of these has changed, and is scored anew
// otherwise.
class ScoreStore {
 public:
  // `folder` is created if it is missing. `device` is what runs the checkpoint's network, as given
  // by Scorer::description(). Throws Error if the folder cannot be created.
  ScoreStore(std::filesystem::path folder, const Checkpoint& checkpoint, std::string_view device);

  // scorer.score(images, parameters), read from the folder if a whole file is there. Throws Error
  // as Scorer::score() does and if a file cannot be written; no file is ever left half written.
  Scores score(Scorer& scorer, std::span<const float> images,
               std::span<const OdinParameters> parameters) const;

 private:
  std::filesystem::path folder_;
  std::uint64_t run_;  // hash of the network and the device
};

}  // namespace odin
