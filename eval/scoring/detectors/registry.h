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
  DETECTOR(kTemperatureScaling)  \
  DETECTOR(kMaxLogit)            \
  DETECTOR(kEnergy)              \
  DETECTOR(kEntropy)             \
  DETECTOR(kGen)                 \
  DETECTOR(kKlMatching)          \
  DETECTOR(kReact)               \
  DETECTOR(kDice)                \
  DETECTOR(kAshP)                \
  DETECTOR(kAshB)                \
  DETECTOR(kAshS)                \
  DETECTOR(kScale)               \
  DETECTOR(kGradNorm)            \
  DETECTOR(kVim)                 \
  DETECTOR(kFdbd)                \
  DETECTOR(kNnGuide)             \
  DETECTOR(kShe)                 \
  DETECTOR(kKnn)                 \
  DETECTOR(kMahalanobis)         \
  DETECTOR(kRelativeMahalanobis) \
  DETECTOR(kOdin)                \
  DETECTOR(kOdinEnergy)          \
  DETECTOR(kOdinMaxLogit)

namespace odin {

namespace detectors {
#define ODIN_DECLARE_DETECTOR(name) extern const Detector name;
ODIN_DETECTORS(ODIN_DECLARE_DETECTOR)
#undef ODIN_DECLARE_DETECTOR
}  // namespace detectors

// With the default values of their options.
std::span<const Detector* const> all_detectors();

// Those of them that can score without having been fitted, and that share ODIN's passes: none needs
// a gradient of its own.
std::span<const Detector* const> default_detectors();

// The detector of this name, or nullptr. "react:percentile=80" is the detector react with another
// value of its option percentile, "nnguide:share=5:neighbours=20" one with two. Two names for the
// same values give the same detector, which lasts as long as the program.
const Detector* find_detector(std::string_view name);

// The same, but throws Error with what is wrong with the name: there is no such detector, it has no
// such option, or the value is not allowed.
const Detector& detector_named(std::string_view name);

// The detector with these values of its options, one for each.
const Detector& with_options(const Detector& detector, std::span<const double> values);

// The values of the detector's options: the default ones, or those of the variant that it is.
std::vector<double> option_values(const Detector& detector);

// The detectors of the ODIN authors' code: the baseline and ODIN.
std::vector<const Detector*> authors_detectors();

// The names of all detectors.
std::vector<std::string> detector_names();

// Groups of detectors, by what they read: "logits", "features" (and logits), "perturbed" (logits of
// perturbed images), and "all", which leaves out those that need a gradient of their own.
std::vector<std::string> detector_groups();

// The detectors with these names or of these groups, each once, in the order of all_detectors(),
// variants after the detector that they are variants of. Throws Error for no name and as
// detector_named() does.
std::vector<const Detector*> parse_detectors(std::span<const std::string_view> names);

// Fixed parameters and options, for readers: "percentile 80".
std::string settings_text(const Detector& detector);

}  // namespace odin
