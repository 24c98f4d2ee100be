#include "nn/parameters.h"

#include <cmath>

#include "kernels/philox.h"

namespace odin {

ParameterMap initial_parameters(const Architecture& architecture, std::uint64_t seed) {
  ParameterMap parameters;
  std::uint64_t stream = 0;
  for (const ParameterSpec& spec : parameter_specs(architecture)) {
    ParameterArray array{spec.shape,
                         std::vector<float>(static_cast<std::size_t>(spec.shape.numel()))};
    ++stream;
    if (spec.shape.rank() == 4) {
      const Shape& s = spec.shape;
      const double deviation = std::sqrt(2.0 / static_cast<double>(s[2] * s[3] * s[0]));
      for (std::size_t i = 0; i < array.values.size(); ++i) {
        array.values[i] = static_cast<float>(deviation * philox_normal(seed, stream, i));
      }
    } else if (spec.shape.rank() == 2) {
      const double bound = 1 / std::sqrt(static_cast<double>(spec.shape[1]));
      for (std::size_t i = 0; i < array.values.size(); ++i) {
        array.values[i] = static_cast<float>(bound * (2.0 * philox_uniform(seed, stream, i) - 1));
      }
    } else if (spec.name.ends_with(".running_var") ||
               (spec.name.ends_with(".weight") && spec.shape.rank() == 1)) {
      array.values.assign(array.values.size(), 1.0f);
    }
    parameters.emplace(spec.name, std::move(array));
  }
  return parameters;
}

}  // namespace odin
