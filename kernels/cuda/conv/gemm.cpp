#include "kernels/cuda/conv/gemm.h"

#include <algorithm>

#include <cuda_runtime.h>

#include "kernels/cuda/conv/versions.h"
#include "kernels/cuda/runtime/status.h"
#include "kernels/error.h"

namespace odin::cuda {
namespace {

// a / b, rounded up.
int divide_up(int a, int b) {
  return (a + b - 1) / b;
}

// Whether the address of every pixel is a multiple of `bytes`.
bool is_aligned_to(std::int64_t bytes, const ConstView& view) {
  const std::int64_t pitch = view.pitch * static_cast<std::int64_t>(size_of(view.element));
  return reinterpret_cast<std::intptr_t>(view.data) % bytes == 0 && pitch % bytes == 0;
}

void set_source(GemmArguments& g, const ConstView& source) {
  g.source = source;
  g.source_bytes = is_aligned_to(16, source) ? 16 : is_aligned_to(8, source) ? 8 : 4;
  g.depth = packed_depth(source.channels);
}

// A convolution as a product: parts of the target, each with its own taps.
struct Gemm {
  GemmArguments arguments{};
  int parts = 0;
};

// Adds a tap that leads to (row, column) of the source, relative to the step along it.
void add_tap(GemmPart& part, int row, int column, int weights) {
  part.tap[part.taps++] = {row, column, 0, weights};
}

// Counts where the taps lead from the first row and column that any leads to.
void finish_taps(GemmPart& part, int source_width) {
  if (part.taps == 0) return;
  part.first_row = part.tap[0].row;
  part.first_column = part.tap[0].column;
  for (int i = 1; i < part.taps; ++i) {
    part.first_row = std::min(part.first_row, part.tap[i].row);
    part.first_column = std::min(part.first_column, part.tap[i].column);
  }
  for (int i = 0; i < part.taps; ++i) {
    GemmTap& tap = part.tap[i];
    tap.row -= part.first_row;
    tap.column -= part.first_column;
    tap.distance = tap.row * source_width + tap.column;
  }
}

void require_counted(const GemmArguments& g) {
  // The last tile reaches beyond the last pixel, but below this bound no int overflows.
  constexpr std::int64_t kMost = 0x7fff0000;
  require(g.epilogue.target.pixels() <= kMost && g.source.pixels() <= kMost,
          "a convolution of more than 2^31 pixels is not supported");
  require(g.source.pitch <= 1 << 24, "a convolution of more than 2^24 channels is not supported");
}

void run(const Gemm& gemm, bool tf32, Stream stream) {
  const GemmArguments& g = gemm.arguments;
  require_counted(g);
  switch (g.source.element) {
    case Element::kHalf:
      return conv_gemm_half(g, gemm.parts, stream);
    case Element::kBFloat16:
      return conv_gemm_bfloat16(g, gemm.parts, stream);
    case Element::kFloat:
      return tf32 ? conv_gemm_tf32(g, gemm.parts, stream) : conv_gemm_float(g, gemm.parts, stream);
  }
}

void run_halo(const Gemm& gemm, Stream stream) {
  require_counted(gemm.arguments);
  conv_halo(gemm.arguments, stream);
}

void run_wgmma(const Gemm& gemm, Stream stream) {
  require_counted(gemm.arguments);
  conv_wgmma(gemm.arguments, gemm.parts, stream);
}

bool fits(int kernel, int stride, const ConstView& source, const ConstView& target) {
  return kernel * kernel <= kMostTaps && stride * stride <= kMostParts &&
         source.element == target.element && is_aligned_to(kGatherAlignment, source) &&
         source.channels * static_cast<int>(size_of(source.element)) % kGatherAlignment == 0;
}

bool fits_halo(int kernel, const ConvolutionGeometry& geometry, const ConstView& source,
               const ConstView& target) {
  return fits(kernel, geometry.stride, source, target) && source.element != Element::kFloat &&
         kernel == 3 && geometry.stride == 1 && geometry.padding == 1 &&
         source.width <= kMostHaloWidth && source.channels <= kMostHaloChannels &&
         target.channels <= kMostHaloChannels;
}

// Whether wgmma takes the operands and the current GPU has it. GPUs after Hopper do not.
bool fits_wgmma(const ConstView& source) {
  if (source.element == Element::kFloat || source.channels > kMostWgmmaChannels) return false;
  int device = 0;
  int major = 0;
  int minor = 0;
  ODIN_CUDA_CHECK(cudaGetDevice(&device), "the current GPU");
  ODIN_CUDA_CHECK(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device),
                  "GPU {}", device);
  ODIN_CUDA_CHECK(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device),
                  "GPU {}", device);
  return major == 9 && minor == 0;
}

Gemm gemm_of(const ForwardConvolution& c) {
  Gemm gemm;
  GemmArguments& g = gemm.arguments;
  set_source(g, c.x);
  g.prologue = c.prologue;
  g.input_mask = c.input_mask;
  g.mask_tap = c.geometry.padding * c.kernel + c.geometry.padding;
  g.source_step = c.geometry.stride;
  g.weights = c.weights;
  g.epilogue = epilogue_of(c);
  g.target_step = 1;
  GemmPart& part = g.part[gemm.parts++];
  part.height = c.y.height;
  part.width = c.y.width;
  for (int p = 0; p < c.kernel; ++p) {
    for (int q = 0; q < c.kernel; ++q) {
      add_tap(part, p - c.geometry.padding, q - c.geometry.padding, p * c.kernel + q);
    }
  }
  finish_taps(part, c.x.width);
  return gemm;
}

Gemm gemm_of(const BackwardConvolution& c) {
  Gemm gemm;
  GemmArguments& g = gemm.arguments;
  set_source(g, c.dy);
  g.source_step = 1;
  g.weights = c.weights;
  g.epilogue = epilogue_of(c);
  g.target_step = c.geometry.stride;
  // Pixel i stride + a of dx was read through tap p by pixel i + (a + padding - p) / stride of dy,
  // where that division leaves no remainder.
  for (int a = 0; a < c.geometry.stride; ++a) {
    for (int b = 0; b < c.geometry.stride; ++b) {
      GemmPart& part = g.part[gemm.parts++];
      part.row = a;
      part.column = b;
      part.height = divide_up(c.dx.height - a, c.geometry.stride);
      part.width = divide_up(c.dx.width - b, c.geometry.stride);
      for (int p = 0; p < c.kernel; ++p) {
        for (int q = 0; q < c.kernel; ++q) {
          const int row = a + c.geometry.padding - p;
          const int column = b + c.geometry.padding - q;
          if (row % c.geometry.stride != 0 || column % c.geometry.stride != 0) continue;
          add_tap(part, row / c.geometry.stride, column / c.geometry.stride, p * c.kernel + q);
        }
      }
      finish_taps(part, c.dy.width);
      // Pixels that no tap reaches get a gradient of zero, if they do not have one already.
      if (part.taps == 0 && c.accumulate) g.part[--gemm.parts] = {};
    }
  }
  return gemm;
}

}  // namespace

bool conv_gemm_can_run(const ForwardConvolution& c) {
  return fits(c.kernel, c.geometry.stride, c.x, c.y);
}

bool conv_gemm_can_run(const BackwardConvolution& c) {
  return fits(c.kernel, c.geometry.stride, c.dy, c.dx);
}

void conv_gemm_forward(const ForwardConvolution& c, Stream stream) {
  run(gemm_of(c), c.tf32, stream);
}

void conv_gemm_backward(const BackwardConvolution& c, Stream stream) {
  run(gemm_of(c), c.tf32, stream);
}

bool conv_halo_can_run(const ForwardConvolution& c) {
  return fits_halo(c.kernel, c.geometry, c.x, c.y) && c.prologue.scale == nullptr &&
         !c.prologue.relu;
}

bool conv_halo_can_run(const BackwardConvolution& c) {
  return fits_halo(c.kernel, c.geometry, c.dy, c.dx);
}

void conv_halo_forward(const ForwardConvolution& c, Stream stream) {
  run_halo(gemm_of(c), stream);
}

void conv_halo_backward(const BackwardConvolution& c, Stream stream) {
  run_halo(gemm_of(c), stream);
}

bool conv_wgmma_can_run(const ForwardConvolution& c) {
  return conv_gemm_can_run(c) && fits_wgmma(c.x);
}

bool conv_wgmma_can_run(const BackwardConvolution& c) {
  return conv_gemm_can_run(c) && fits_wgmma(c.dy);
}

void conv_wgmma_forward(const ForwardConvolution& c, Stream stream) {
  run_wgmma(gemm_of(c), stream);
}

void conv_wgmma_backward(const BackwardConvolution& c, Stream stream) {
  run_wgmma(gemm_of(c), stream);
}

}  // namespace odin::cuda
