#include "tests/kernels/cuda/convolution_cases.h"

#include <cmath>

#include "tests/support/support.h"

namespace odin::test {
namespace {

const ConvolutionCase kCases[] = {
    {2, 16, 5, 6, 16, 3, {1, 1}, {0, 0}, {0, 0}},     // aligned
    {2, 7, 4, 5, 11, 3, {1, 1}, {0, 1}, {0, 1}},      // aligned, three channels left over
    {1, 24, 8, 8, 48, 1, {1, 0}, {0, 16}, {0, 0}},    // a bottleneck that reads a slice
    {2, 48, 4, 4, 12, 3, {1, 1}, {0, 0}, {24, 4}},    // ... and one that writes 12 channels
    {1, 160, 4, 3, 160, 3, {1, 1}, {0, 0}, {0, 0}},   // a full tile of channels
    {2, 20, 7, 5, 33, 3, {2, 1}, {3, 2}, {1, 0}},     // nothing aligned, stride 2
    {2, 20, 7, 5, 34, 3, {2, 1}, {6, 2}, {4, 6}},     // ... to 4 bytes
    {1, 32, 6, 6, 64, 1, {2, 0}, {0, 0}, {0, 0}},     // a shortcut
    {3, 3, 6, 5, 10, 3, {1, 1}, {0, 1}, {0, 0}},      // an image
    {1, 6, 3, 3, 10, 3, {1, 0}, {0, 0}, {0, 0}},      // no padding: one pixel left
    {1, 8, 1, 1, 8, 3, {1, 1}, {0, 0}, {0, 0}},       // mostly padding
    {0, 8, 4, 4, 8, 3, {1, 1}, {0, 0}, {0, 0}},       // nothing
    {1, 4, 7, 7, 6, 5, {2, 2}, {0, 0}, {0, 0}},       // a window that only the plain version can do
    {5, 8, 9, 11, 200, 1, {1, 0}, {0, 0}, {0, 0}},    // more outputs than a tile, several of pixels
    {3, 12, 10, 9, 150, 1, {1, 0}, {0, 4}, {8, 2}},   // more pixels than the largest tile has
    {1, 12, 6, 5, 12, 3, {1, 1}, {12, 8}, {4, 8}},    // halves aligned to 8 bytes, and to 8
    {2, 12, 3, 5, 12, 1, {1, 0}, {6, 14}, {2, 6}},    // ... to 4
    {2, 48, 11, 13, 12, 3, {1, 1}, {0, 0}, {6, 14}},  // a tile that ends inside an image
    {1, 20, 5, 4, 46, 1, {1, 0}, {0, 4}, {0, 2}},     // vectors of 8 that end in 4, and in 6
};

// Where few are wanted: the networks' shapes, no operand of one element, and pixels for several
// tiles.
const ConvolutionCase kFewCases[] = {
    {2, 48, 16, 16, 12, 3, {1, 1}, {0, 0}, {24, 4}},
    {1, 24, 16, 16, 48, 1, {1, 0}, {0, 16}, {0, 0}},
    {1, 160, 9, 16, 160, 3, {1, 1}, {0, 0}, {0, 0}},
    {2, 20, 17, 15, 33, 3, {2, 1}, {3, 2}, {1, 0}},
    {3, 3, 16, 15, 10, 3, {1, 1}, {0, 0}, {0, 0}},
};

const ConvolutionTypes kTypes[] = {
    {Element::kFloat, Element::kFloat, false}, {Element::kHalf, Element::kHalf, false},
#ifndef ODIN_WATCHED  // in a slow program: threads meet in the same way for the other types
    {Element::kFloat, Element::kFloat, true},  {Element::kBFloat16, Element::kBFloat16, false},
    {Element::kFloat, Element::kHalf, false},  {Element::kFloat, Element::kBFloat16, false},
#endif
};

std::size_t packed_bytes(int kernel, std::int64_t rows, std::int64_t depth, Element element) {
  return static_cast<std::size_t>(
             cuda::packed_weights(kernel, static_cast<int>(rows), static_cast<int>(depth))) *
         cuda::size_of(element);
}

}  // namespace

std::span<const ConvolutionCase> convolution_cases() {
  if (few_cases()) return kFewCases;
  return kCases;
}
std::span<const ConvolutionTypes> convolution_types() {
  return cases_of(kTypes, std::size(kTypes) - 1);  // not a multiple of the three options
}

double tolerance(const ConvolutionTypes& types) {
  const double operand = types.tf32 ? 0x1p-11 : unit_roundoff(types.x);
  return 2 * (operand + unit_roundoff(types.y)) + 2e-6;
}

PackedWeights::PackedWeights(const ConvolutionCase& c, Element element, Pass pass)
    : plain(device_floats(noise(30, c.outputs * c.channels * c.kernel * c.kernel))),
      packed(pass == Pass::kForward ? packed_bytes(c.kernel, c.outputs, c.channels, element)
                                    : packed_bytes(c.kernel, c.channels, c.outputs, element)),
      stored(DeviceActivation(element, {1, 1, 1, c.outputs * c.channels * c.kernel * c.kernel},
                              unchanged(plain))
                 .unchanged()) {
  const auto pack =
      pass == Pass::kForward ? cuda::pack_forward_weights : cuda::pack_backward_weights;
  pack(plain.data(), static_cast<int>(c.outputs), static_cast<int>(c.channels), c.kernel, element,
       packed.data(), nullptr);
}

Shape x_shape(const ConvolutionCase& c) {
  return {c.images, c.channels, c.height, c.width};
}
Shape y_shape(const ConvolutionCase& c) {
  return {c.images, c.outputs,
          windowed_extent(c.height, c.kernel, c.geometry.stride, c.geometry.padding),
          windowed_extent(c.width, c.kernel, c.geometry.stride, c.geometry.padding)};
}

std::size_t channel_of(std::size_t i, const Shape& shape) {
  return i / static_cast<std::size_t>(shape[2] * shape[3]) % static_cast<std::size_t>(shape[1]);
}

ExpectedMask mask_of(const Shape& shape, const std::vector<double>& values, Element element,
                     const DeviceArray<float>& scale, const DeviceArray<float>& shift) {
  const std::vector<float>& scales = scale.unchanged();
  const std::vector<float>& shifts = shift.unchanged();
  return {element, shape, [&](std::size_t i) {
            const std::size_t k = channel_of(i, shape);
            return std::fmaf(scales[k], static_cast<float>(values[i]), shifts[k]) > 0;
          }};
}

}  // namespace odin::test
