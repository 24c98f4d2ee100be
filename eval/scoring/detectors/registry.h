// The list of detectors. Each is one file in this folder and one line here.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "eval/scoring/detector.h"

// In the order of reports. Each line is the constant that the detector's file defines.
#define ODIN_DETECTORS(DETECTOR) \
  DETECTOR(kBaseline)            \
  DETECTOR(kMaxLogit)            \
  DETECTOR(kEnergy)              \
  DETECTOR(kEntropy)             \
  DETECTOR(kGen)                 \
  DETECTOR(kAshP)                \
  DETECTOR(kAshB)                \
  DETECTOR(kAshS)                \
  DETECTOR(kScale)               \
  DETECTOR(kGradNorm)            \
  DETECTOR(kOdin)

namespace odin {

namespace detectors {
#define ODIN_DECLARE_DETECTOR(name) extern const Detector name;
ODIN_DETECTORS(ODIN_DECLARE_DETECTOR)
#undef ODIN_DECLARE_DETECTOR
}  // namespace detectors

std::span<const Detector* const> all_detectors();

// The detector of this name, or nullptr.
const Detector* find_detector(std::string_view name);

// The detectors of the ODIN authors' code: the baseline and ODIN.
std::vector<const Detector*> authors_detectors();

// The names that parse_detectors() takes: every detector's, and "all".
std::vector<std::string> detector_names();

// The detectors with these names, each once, in the order of all_detectors(). Throws Error, which lists
// the names, for an unknown name and for no name.
std::vector<const Detector*> parse_detectors(std::span<const std::string_view> names);

}  // namespace odin
