#include "tests/support/formula.h"

#include <cmath>
#include <cstdint>

namespace odin::test {

std::vector<double> formula_noise(std::string_view name, std::size_t count) {
  std::uint32_t seed = 2166136261u;  // FNV-1a
  for (char c : name) seed = (seed ^ static_cast<unsigned char>(c)) * 16777619u;
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::uint32_t x = static_cast<std::uint32_t>(i) * 2654435761u + seed;
    x ^= x >> 16;
    x *= 0x85EBCA6Bu;
    x ^= x >> 13;
    x *= 0xC2B2AE35u;
    x ^= x >> 16;
    values[i] = (x >> 8) / 8388608.0 - 1.0;
  }
  return values;
}

ParameterMap formula_parameters(const Graph& graph) {
  ParameterMap parameters;
  for (const ParameterSpec& spec : graph.parameters()) {
    const auto count = static_cast<std::size_t>(spec.shape.numel());
    const std::vector<double> s = formula_noise(spec.name, count);
    double offset = 1.0;
    double scale = 0.25;
    if (spec.shape.rank() > 1) {
      const double fan_in =
          static_cast<double>(spec.shape.numel()) / static_cast<double>(spec.shape[0]);
      offset = 0;
      scale = std::sqrt(6.0 / fan_in);
    } else if (spec.name.ends_with("running_var")) {
      scale = 0.5;
    } else if (spec.name.ends_with("bias") || spec.name.ends_with("running_mean")) {
      offset = 0;
      scale = 0.1;
    }
    ParameterArray array{spec.shape, std::vector<float>(count)};
    for (std::size_t i = 0; i < count; ++i) {
      array.values[i] = static_cast<float>(offset + scale * s[i]);
    }
    parameters.emplace(spec.name, std::move(array));
  }
  return parameters;
}

std::vector<float> formula_images(std::size_t count, const ImageShape& shape) {
  const std::vector<double> s =
      formula_noise("images", count * static_cast<std::size_t>(shape.elements()));
  std::vector<float> pixels(s.size());
  for (std::size_t i = 0; i < s.size(); ++i) pixels[i] = static_cast<float>(1.7 * s[i]);
  return pixels;
}

}  // namespace odin::test
