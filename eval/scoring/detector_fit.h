// How detectors read what they have learnt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "weights/detector_fit.h"

namespace odin {

// Throws Error unless every value of the fit is finite.
void require_finite(const DetectorFit& fit);

// A hash of all names and values.
std::uint64_t digest_of(const DetectorFit& fit);

// The array of this name. Throws Error if there is no fit, or it has no such array with this many
// values.
std::span<const double> fitted_numbers(const DetectorFit* fit, std::string_view name,
                                       std::size_t count);
// Likewise, with any number of rows of this width, but at least one.
std::span<const float> fitted_features(const DetectorFit* fit, std::string_view name,
                                       std::size_t width);

}  // namespace odin
