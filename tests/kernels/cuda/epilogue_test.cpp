// How many channels an epilogue takes at a time.
#include "kernels/cuda/conv/epilogue.h"

#include <cstddef>

#include <doctest/doctest.h>

using namespace odin;
using cuda::Element;

namespace {

// Memory that the views below are slices of; nothing reads it.
alignas(64) std::byte memory[256];

cuda::View slice(Element element, int begin, int pitch) {
  return {memory + static_cast<std::size_t>(begin) * cuda::size_of(element),
          element,
          1,
          1,
          1,
          8,
          pitch};
}
const float* factors(int begin) {
  return reinterpret_cast<const float*>(memory) + begin;
}

}  // namespace

TEST_CASE(
    "cuda: an epilogue takes as many channels at a time as all its operands are aligned for") {
  const auto forward = [](const cuda::View& y, const cuda::View& residual, const float* bias) {
    cuda::ForwardConvolution c;
    c.y = y;
    c.residual = residual;
    c.bias = bias;
    return epilogue_of(c).width;
  };
  const Element half = Element::kHalf;
  const cuda::View aligned = slice(half, 8, 24);
  CHECK(forward(aligned, {}, nullptr) == 8);
  CHECK(forward(aligned, aligned, factors(4)) == 8);
  CHECK(forward(slice(half, 12, 24), {}, nullptr) == 4);  // a DenseNet's slices of 12 channels
  CHECK(forward(slice(half, 6, 24), {}, nullptr) == 2);
  CHECK(forward(slice(half, 7, 24), {}, nullptr) == 1);
  CHECK(forward(slice(half, 8, 20), {}, nullptr) == 4);
  CHECK(forward(aligned, slice(half, 4, 24), nullptr) == 4);
  CHECK(forward(aligned, aligned, factors(2)) == 2);
  CHECK(forward(aligned, aligned, factors(1)) == 1);
  CHECK(forward(slice(Element::kFloat, 4, 24), {}, nullptr) == 4);  // 16 bytes
  CHECK(forward(slice(Element::kFloat, 4, 22), {}, nullptr) == 2);

  cuda::BackwardConvolution backward;
  backward.dx = aligned;
  backward.affine = {factors(0), factors(4), true};
  backward.x = slice(half, 4, 24);
  CHECK(epilogue_of(backward).width == 4);
  std::uint8_t byte = 0;
  backward.mask = {&byte, 1};  // so that x is not read
  CHECK(epilogue_of(backward).width == 8);
  backward.affine.shift = factors(1);
  CHECK(epilogue_of(backward).width == 1);
}
