// Detectors with other values of their options than the default ones.
#pragma once

#include <string_view>

#include "eval/scoring/detector.h"

namespace odin {

// The detector that a name like "react:percentile=80" says, where `base` is react; `base` itself
// for default values. Throws Error if it has no such option, or does not allow the value.
const Detector& variant_named(const Detector& base, std::string_view name);

}  // namespace odin
