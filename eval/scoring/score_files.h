// The scores of single images, in text files like those of ODIN's release.
#pragma once

#include <filesystem>
#include <span>

#include "eval/scoring/detector.h"

namespace odin {

// What one detector gave the images of one in- and one out-of-distribution set.
struct ScoreFiles {
  const Detector* detector = nullptr;
  double temperature = 1000;  // of ODIN
  double magnitude = 0;
  std::span<const double> in;
  std::span<const double> out;
};

// Writes confidence_<D>_In.txt and confidence_<D>_Out.txt to `folder`, which is made where it is
// missing, with <D> the detector's name there (the baseline's is Base, ODIN's is Our): one line
// "temperature, magnitude, score" for each image in order. As in the release the lines of detectors
// that depend on neither carry the run's temperature and magnitude too. A score has as many digits
// as it takes to read back the very same double. Throws Error where a file cannot be written; none
// is ever left half written.
void write_score_files(const ScoreFiles& scores, const std::filesystem::path& folder);

}  // namespace odin
