#include "eval/scoring/detector_fit.h"

#include <algorithm>
#include <cmath>

#include "kernels/error.h"
#include "weights/files/digest.h"

namespace odin {
namespace {

template <class Arrays>
const auto& array_of(const Arrays& arrays, std::string_view name) {
  const auto found = arrays.find(name);
  require(found != arrays.end(), "the detector's fit has no array {}: fit it anew", name);
  return found->second;
}

void require_fit(const DetectorFit* fit) {
  require(fit != nullptr,
          "the detector has not been fitted: it needs in-distribution training images");
}

template <class Arrays>
void require_finite_arrays(const Arrays& arrays) {
  for (const auto& [name, values] : arrays) {
    const bool finite =
        std::ranges::all_of(values, [](auto value) { return std::isfinite(value); });
    require(finite, "the detector's fit has a value that is not finite, in {}", name);
  }
}

}  // namespace

void require_finite(const DetectorFit& fit) {
  require_finite_arrays(fit.numbers);
  require_finite_arrays(fit.features);
}

std::uint64_t digest_of(const DetectorFit& fit) {
  Fnv1a hash;
  for (const auto& [name, values] : fit.numbers) {
    hash.add(name);
    hash.add(std::span<const double>(values));
  }
  for (const auto& [name, values] : fit.features) {
    hash.add(name);
    hash.add(std::span<const float>(values));
  }
  return hash.value();
}

std::span<const double> fitted_numbers(const DetectorFit* fit, std::string_view name,
                                       std::size_t count) {
  require_fit(fit);
  const std::vector<double>& values = array_of(fit->numbers, name);
  require(values.size() == count,
          "the detector's fit has {} values of {} where {} are expected: it was made for another "
          "network",
          values.size(), name, count);
  return values;
}

std::span<const float> fitted_features(const DetectorFit* fit, std::string_view name,
                                       std::size_t width) {
  require_fit(fit);
  const std::vector<float>& values = array_of(fit->features, name);
  require(
      width > 0 && !values.empty() && values.size() % width == 0,
      "the detector's fit has {} values of {}, which are no rows of {}: it was made for another "
      "network",
      values.size(), name, width);
  return values;
}

}  // namespace odin
