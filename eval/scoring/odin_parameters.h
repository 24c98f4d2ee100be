// ODIN's two parameters.
#pragma once

namespace odin {

// Liang et al. 2018, section 3.
struct OdinParameters {
  double temperature = 1000;  // > 0
  double magnitude = 0;       // >= 0, of the perturbation, in units of pixels in 0..1
  bool operator==(const OdinParameters&) const = default;
};

}  // namespace odin
