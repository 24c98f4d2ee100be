#include "kernels/precision.h"

#include <array>
#include <utility>

#include "kernels/error.h"

namespace odin {
namespace {

constexpr std::array<std::pair<Precision, std::string_view>, 4> kPrecisions{{
    {Precision::kFloat32, "fp32"},
    {Precision::kTf32, "tf32"},
    {Precision::kFloat16, "fp16"},
    {Precision::kBFloat16, "bf16"},
}};

}  // namespace

Precision precision_of(std::string_view name) {
  for (const auto& [precision, known] : kPrecisions) {
    if (name == known) return precision;
  }
  fail("precision \"{}\" is not known: it must be fp32, tf32, fp16 or bf16", name);
}

std::string_view name_of(Precision precision) {
  return kPrecisions[static_cast<std::size_t>(precision)].second;
}

}  // namespace odin
