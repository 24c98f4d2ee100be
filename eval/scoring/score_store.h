// Scores kept on disk, so that a long run that was interrupted does not do the same work twice.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "eval/scoring/scorer.h"

namespace odin {

// A folder of files, one for each batch of images that was scored. A file's name is a hash of all
// that its scores depend on (the network, the device, the pixels and ODIN's parameters), so that
// whatever is changed between two runs is scored anew, and what is not is found again.
class ScoreStore {
 public:
  // `folder` is made where it is missing. `checkpoint` is the network and `device` what runs it, as
  // Scorer::description() tells. Throws Error where the folder cannot be made.
  ScoreStore(std::filesystem::path folder, const Checkpoint& checkpoint, std::string_view device);

  // scorer.score(images, parameters), from the folder where it is there and whole. Throws Error as
  // Scorer::score() does and where a file cannot be written; none is ever left half written.
  Scores score(Scorer& scorer, std::span<const float> images,
               std::span<const OdinParameters> parameters) const;

 private:
  std::filesystem::path folder_;
  std::uint64_t run_;  // hash of the network and the device
};

}  // namespace odin
