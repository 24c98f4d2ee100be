// What a detector has learnt from in-distribution training images.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace odin {

// Arrays by name (of a-z, 0-9 and _), row-major; each detector's file says which and of what shape.
// In a checkpoint's file they are data sets of one axis in the group `detector/fit`: `numbers` of
// 64-bit floats, `features` of 32-bit floats.
struct DetectorFit {
  std::map<std::string, std::vector<double>, std::less<>> numbers{};
  // Features as the network gave them, for detectors that compare with single training images.
  std::map<std::string, std::vector<float>, std::less<>> features{};

  bool operator==(const DetectorFit&) const = default;
};

}  // namespace odin
