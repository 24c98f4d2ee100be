// How a GPU stores and multiplies.
#pragma once

#include <cstdint>
#include <string_view>

namespace odin {

// How activations are stored and multiplied, in an evaluation and layer by layer. Sums, statistics
// and, layer by layer, parameters are always in float. The CPU has kFloat32 only.
enum class Precision : std::uint8_t {
  kFloat32,  // float throughout
  kTf32,     // stored as float, multiplied on tensor cores with 11 significant bits
  kFloat16,  // IEEE half precision, 11 significant bits
  kBFloat16  // 8 significant bits, float's range
};
// "fp32", "tf32", "fp16", "bf16"; throws Error for another name.
Precision precision_of(std::string_view name);
std::string_view name_of(Precision precision);

}  // namespace odin
