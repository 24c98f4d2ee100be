// The scores of single images, in the four text files of ODIN's release.
#pragma once

#include <filesystem>
#include <span>

namespace odin {

// What one in- and one out-of-distribution set scored.
struct ScoreFiles {
  double temperature = 1000;  // of ODIN
  double magnitude = 0;
  std::span<const double> baseline_in;
  std::span<const double> baseline_out;
  std::span<const double> odin_in;
  std::span<const double> odin_out;
};

// Writes confidence_Base_In.txt, confidence_Base_Out.txt, confidence_Our_In.txt and
// confidence_Our_Out.txt to `folder`, which is made where it is missing, one line
// "temperature, magnitude, score" for each image in order. As in the release the lines of the
// baseline carry the run's temperature and magnitude too, although its scores depend on neither. A
// score has as many digits as it takes to read back the very same double. Throws Error where a file
// cannot be written; none is ever left half written.
void write_score_files(const ScoreFiles& scores, const std::filesystem::path& folder);

}  // namespace odin
