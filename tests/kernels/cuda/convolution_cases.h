// What the tests of our CUDA convolutions share: shapes, element types, weights and masks.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include <doctest/doctest.h>

#include "kernels/cuda/conv/convolution.h"
#include "tests/kernels/cuda/support.h"
#include "tests/support/support.h"

namespace odin::test {

struct ConvolutionCase {
  std::int64_t images, channels, height, width, outputs;
  int kernel;
  ConvolutionGeometry geometry;
  Placement in;
  Placement out;
};

std::span<const ConvolutionCase> convolution_cases();

struct ConvolutionTypes {
  Element x;
  Element y;
  bool tf32;
};
std::span<const ConvolutionTypes> convolution_types();

// The operands are the stored values, so the only errors are the rounding of the result and, after
// a prologue, of the operands that it makes; sums are in float.
double tolerance(const ConvolutionTypes& types);

// Weights of a case, plain and packed for a pass.
enum class Pass { kForward, kBackward };
struct PackedWeights {
  PackedWeights(const ConvolutionCase& c, Element element, Pass pass);

  DeviceArray<float> plain;
  DeviceMemory packed;
  std::vector<double> stored;  // as rounded to the element type
};

Shape x_shape(const ConvolutionCase& c);
Shape y_shape(const ConvolutionCase& c);

// Calls test(version, case, types) for all of them, if there is a device.
template <class Test>
void for_cases(std::initializer_list<cuda::ConvolutionVersion> versions, Test test) {
  if (!device_or_skip()) return;
  for (const cuda::ConvolutionVersion version : versions) {
    for (const ConvolutionCase& c : convolution_cases()) {
      for (const ConvolutionTypes& types : convolution_types()) {
        // kAuto runs one of the other versions, which are tested with all types.
        const bool plain_float = types.x == Element::kFloat && !types.tf32;
        if (version == cuda::ConvolutionVersion::kAuto && (!plain_float || few_cases())) continue;
        if (version == cuda::ConvolutionVersion::kPlain && !plain_float && few_cases()) continue;
        CAPTURE(cuda::name_of(version));
        CAPTURE(x_shape(c).to_string());
        CAPTURE(c.outputs);
        CAPTURE(c.kernel);
        CAPTURE(c.geometry.stride);
        CAPTURE(name_of(types.x));
        CAPTURE(name_of(types.y));
        CAPTURE(types.tf32);
        test(version, c, types);
      }
    }
  }
}

// The channel of element i of a row-major (N, C, H, W) tensor.
std::size_t channel_of(std::size_t i, const Shape& shape);

// The mask of an activation in device memory, and its expected content: set where `open` holds.
class ExpectedMask {
 public:
  template <class Open>
  ExpectedMask(Element element, const Shape& shape, Open open)
      : pitch_(cuda::mask_pitch(element, static_cast<int>(shape[1])) + 1),
        wanted_(static_cast<std::size_t>(shape[0] * shape[2] * shape[3] * pitch_)),
        bytes_(std::vector<std::uint8_t>(wanted_.size(), kUntouched)) {
    const auto per_byte = static_cast<std::size_t>(cuda::masked_channels(element));
    const auto pitch = static_cast<std::size_t>(pitch_);
    const auto area = static_cast<std::size_t>(shape[2] * shape[3]);
    const auto channels = static_cast<std::size_t>(shape[1]);
    for (std::size_t end = pitch; end <= wanted_.size(); end += pitch)
      wanted_[end - 1] = kUntouched;
    for (std::size_t i = 0; i < static_cast<std::size_t>(shape.numel()); ++i) {
      if (!open(i)) continue;
      const std::size_t k = channel_of(i, shape);
      const std::size_t pixel = i / (area * channels) * area + i % area;
      std::uint8_t& byte = wanted_[pixel * pitch + k / per_byte];
      byte = static_cast<std::uint8_t>(byte | 1 << k % per_byte);
    }
  }

  cuda::ReluMask get() { return {bytes_.data(), pitch_}; }
  std::vector<std::uint8_t> written() const { return bytes_.values(); }
  const std::vector<std::uint8_t>& wanted() const { return wanted_; }

 private:
  static constexpr std::uint8_t kUntouched = 0xab;  // the byte after each pixel

  std::int64_t pitch_;
  std::vector<std::uint8_t> wanted_;
  DeviceArray<std::uint8_t> bytes_;
};

// The mask of relu(scale x + shift), computed in float. `values` are x's.
ExpectedMask mask_of(const Shape& shape, const std::vector<double>& values, Element element,
                     const DeviceArray<float>& scale, const DeviceArray<float>& shift);

}  // namespace odin::test
