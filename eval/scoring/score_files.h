// The scores of single images, in text files like those of the ODIN authors' code.
#pragma once

#include <filesystem>
#include <span>

#include "eval/scoring/detector.h"

namespace odin {

// The scores of one detector for the images of one in- and one out-of-distribution set.
struct ScoreFiles {
  const Detector* detector = nullptr;
  double temperature = 1000;  // of ODIN
  double magnitude = 0;
  std::span<const double> in;
  std::span<const double> out;
};

// Writes confidence_<D>_In.txt and confidence_<D>_Out.txt to `folder`, which is created if it is
// missing. <D> is the detector's name there: Base for the baseline, Our for ODIN. Each image has
// one line "temperature, magnitude, score", in order. As in the authors' code, the lines of
// detectors that depend on neither have the run's temperature and magnitude too. A score has enough
// digits to read back the same double. Throws Error if a file cannot be written; no file is ever
// left half written.
void write_score_files(const ScoreFiles& scores, const std::filesystem::path& folder);

}  // namespace odin
