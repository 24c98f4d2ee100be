#include "kernels/cuda/conv_gemm.h"

#include "kernels/cuda/conv_versions.h"
#include "kernels/error.h"

namespace odin::cuda {
namespace {

// For loads of 16 bytes.
bool is_aligned(const ConstView& view) {
  return reinterpret_cast<std::uintptr_t>(view.data) % 16 == 0 &&
         static_cast<std::size_t>(view.pitch) * size_of(view.element) % 16 == 0;
}

// a / b, rounded up.
int divide_up(int a, int b) {
  return (a + b - 1) / b;
}

void set_source(GemmArguments& g, const ConstView& source) {
  g.source = source;
  g.source_aligned = is_aligned(source);
  g.depth = packed_depth(source.channels);
}

void run(const GemmArguments& g, int parts, Multiply multiply, Stream stream) {
  require(g.epilogue.target.pixels() <= 0x7fffffff && g.source.pixels() <= 0x7fffffff,
          "a convolution of more than 2^31 pixels is not supported");
  switch (g.source.element) {
    case Element::kHalf:
      return conv_gemm_half(g, parts, stream);
    case Element::kBFloat16:
      return conv_gemm_bfloat16(g, parts, stream);
    case Element::kFloat:
      return multiply == Multiply::kTf32 ? conv_gemm_tf32(g, parts, stream)
                                         : conv_gemm_float(g, parts, stream);
  }
}

bool fits(int kernel, int stride, Element x, Element y) {
  return kernel * kernel <= kMostTaps && stride * stride <= kMostParts && x == y;
}

}  // namespace

bool conv_gemm_can_run(const ForwardConvolution& c) {
  return fits(c.kernel, c.stride, c.x.element, c.y.element);
}

bool conv_gemm_can_run(const BackwardConvolution& c) {
  return fits(c.kernel, c.stride, c.dx.element, c.dy.element);
}

void conv_gemm_forward(const ForwardConvolution& c, Stream stream) {
  GemmArguments g{};
  set_source(g, c.x);
  g.prologue = c.prologue;
  g.source_step = c.stride;
  g.weights = c.weights;
  g.epilogue = epilogue_of(c);
  g.target_step = 1;
  GemmPart& part = g.part[0];
  part.height = c.y.height;
  part.width = c.y.width;
  for (int p = 0; p < c.kernel; ++p) {
    for (int q = 0; q < c.kernel; ++q) {
      part.tap[part.taps++] = {p - c.padding, q - c.padding, p * c.kernel + q};
    }
  }
  run(g, 1, c.multiply, stream);
}

void conv_gemm_backward(const BackwardConvolution& c, Stream stream) {
  GemmArguments g{};
  set_source(g, c.dy);
  g.source_step = 1;
  g.weights = c.weights;
  g.epilogue = epilogue_of(c);
  g.target_step = c.stride;
  // Pixel i stride + a of dx was read through tap p by pixel i + (a + padding - p) / stride of dy,
  // where that division leaves no remainder.
  int parts = 0;
  for (int a = 0; a < c.stride; ++a) {
    for (int b = 0; b < c.stride; ++b) {
      GemmPart& part = g.part[parts++];
      part.row = a;
      part.column = b;
      part.height = divide_up(c.dx.height - a, c.stride);
      part.width = divide_up(c.dx.width - b, c.stride);
      for (int p = 0; p < c.kernel; ++p) {
        for (int q = 0; q < c.kernel; ++q) {
          const int row = a + c.padding - p;
          const int column = b + c.padding - q;
          if (row % c.stride != 0 || column % c.stride != 0) continue;
          part.tap[part.taps++] = {row / c.stride, column / c.stride, p * c.kernel + q};
        }
      }
    }
  }
  run(g, parts, c.multiply, stream);
}

}  // namespace odin::cuda
