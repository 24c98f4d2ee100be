// The detectors: what each is called, and whose idea it is.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace odin {

// All of them come from the same passes: the first three from the logits of the image as it is,
// ODIN from those of the perturbed image.
enum class Detector : std::uint8_t { kBaseline, kMaxLogit, kEnergy, kOdin };

struct DetectorInfo {
  Detector detector;
  std::string_view name;        // on the command line, in JSON and in CSV: "max_logit"
  std::string_view title;       // to be read: "Max logit"
  std::string_view heading;     // over its column in the release's table: "Our Method"
  std::string_view score_file;  // the middle of its score files' names: confidence_Our_In.txt
  std::string_view paper;       // that it is from
};

const DetectorInfo& info_of(Detector detector);

// The release's: the baseline and ODIN.
std::vector<Detector> release_detectors();

// Names to detectors, in the order in which they are reported, each once; "all" is every detector.
// Throws Error, listing the names, for any other, and for none.
std::vector<Detector> parse_detectors(std::span<const std::string_view> names);

}  // namespace odin
