// Checkpoints of small networks, for the tests of the format.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>

#include "weights/checkpoint.h"

namespace odin::test {

// Parameters as scattered as an untrained network's.
inline ParameterMap sample_parameters(const Architecture& architecture) {
  ParameterMap parameters;
  std::mt19937 generator(2017);
  for (const ParameterSpec& spec : parameter_specs(architecture)) {
    ParameterArray& array = parameters[spec.name];
    array.shape = spec.shape;
    array.values.resize(static_cast<std::size_t>(spec.shape.numel()));
    const bool variance = spec.name.ends_with(".running_var");
    for (float& value : array.values) {
      value = static_cast<float>(static_cast<std::int32_t>(generator())) * 0x1p-32F;
      if (variance) value = value * value;
    }
  }
  return parameters;
}

inline Checkpoint sample_checkpoint(const Architecture& architecture) {
  Checkpoint checkpoint;
  checkpoint.architecture = architecture;
  for (int c = 0; c < num_classes(architecture); ++c) {
    checkpoint.class_names.push_back("class " + std::to_string(c));
  }
  checkpoint.mean = {0.4914F, 0.4822F, 0.4465F};
  checkpoint.std = {0.247F, 0.2435F, 0.2616F};
  checkpoint.mean.resize(static_cast<std::size_t>(architecture.image.channels));
  checkpoint.std.resize(checkpoint.mean.size());
  checkpoint.in_dataset = "cifar10";
  checkpoint.source = "made by a test";
  checkpoint.parameters = sample_parameters(architecture);
  return checkpoint;
}

inline Checkpoint small_densenet() {
  return sample_checkpoint(DenseNetConfig{
      .depth = 10, .growth_rate = 2, .reduction = 0.5, .bottleneck = true, .num_classes = 3});
}

// Bit for bit, so that -0 is not 0.
inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), 4 * a.size()) == 0);
}

inline bool same_parameters(const ParameterMap& a, const ParameterMap& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.first == y.first && x.second.shape == y.second.shape &&
           same_bits(x.second.values, y.second.values);
  });
}

inline bool same(const Checkpoint& a, const Checkpoint& b) {
  return a.architecture == b.architecture && a.class_names == b.class_names && a.mean == b.mean &&
         a.std == b.std && a.in_dataset == b.in_dataset && a.source == b.source &&
         same_parameters(a.parameters, b.parameters);
}

}  // namespace odin::test
