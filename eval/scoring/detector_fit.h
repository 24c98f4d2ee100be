// What a detector has learnt from in-distribution training images.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace odin {

// Arrays by name, row-major; each detector's file says which and of what shape.
struct DetectorFit {
  std::map<std::string, std::vector<double>, std::less<>> numbers{};
  // Features as the network gave them, for detectors that compare with single training images.
  std::map<std::string, std::vector<float>, std::less<>> features{};

  bool operator==(const DetectorFit&) const = default;
};

// Throws Error unless every value of the fit is finite.
void require_finite(const DetectorFit& fit);

// A hash of all names and values.
std::uint64_t digest_of(const DetectorFit& fit);

// The array of this name. Throws Error if there is no fit, or it has no such array with this many values.
std::span<const double> fitted_numbers(const DetectorFit* fit, std::string_view name,
                                       std::size_t count);
// Likewise, with any number of rows of this width, but at least one.
std::span<const float> fitted_features(const DetectorFit* fit, std::string_view name,
                                       std::size_t width);

}  // namespace odin
