// The words of convolutions, the same on every device:
//
// - kernel: the extent of the window, which the weights have: (out, in, kernel, kernel);
// - geometry: how the window moves, its stride and padding (ConvolutionGeometry);
// - sizes: kernel, geometry and the extents of all operands (ConvolutionSizes,
//   convolution_sizes.h);
// - pass: forward, or the gradient in the input or in the weights (ConvolutionPass);
// - precision: how values are stored and multiplied (precision.h);
// - algorithm: how a user wants convolutions computed (ConvolutionAlgorithm);
// - version: which of our own CUDA kernels computes one (ConvolutionVersion,
// cuda/conv/convolution.h);
// - step: a convolution of a compiled network, with its prologue and epilogue, plain data
//   (PlanConvolution, plan.h).
//
// What is given to a kernel, with pointers to every operand, is a ConvolutionTask on the CPU
// (cpu/micro/kernel_table.h), a ForwardConvolution or BackwardConvolution for our own kernels on a
// GPU (cuda/conv/convolution.h) and a CudnnConvolution for cuDNN
// (cuda/library/cudnn_convolution.h).
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

namespace odin {

// How the window of a convolution moves over its input: the stride, and the zeros around the input,
// the same along both axes.
struct ConvolutionGeometry {
  int stride = 1;
  int padding = 0;
  auto operator<=>(const ConvolutionGeometry&) const = default;
};

// kBackwardData is the gradient in the input, kBackwardFilter that in the weights.
enum class ConvolutionPass : std::uint8_t { kForward, kBackwardData, kBackwardFilter };

// How convolutions are computed: on the CPU those of an evaluation and of fused training, on a GPU
// those of single layers too. (Our own are the same kernel for every choice there.)
enum class ConvolutionAlgorithm : std::uint8_t {
  kAuto,     // GPU: cuDNN; CPU: direct or Winograd, whichever is faster for the shape
  kCudnn,    // GPU: cuDNN
  kOwn,      // GPU: our implicit GEMM
  kWgmma,    // GPU: the same, wherever possible on the tensor cores of compute capability 9.0
  kDirect,   // CPU: every multiplication of the definition
  kWinograd  // CPU: Winograd's algorithm wherever it is possible, else direct
};
// "auto", "cudnn", "own", "wgmma", "direct", "winograd"; throws Error for another name.
ConvolutionAlgorithm convolution_algorithm_of(std::string_view name);
std::string_view name_of(ConvolutionAlgorithm algorithm);

}  // namespace odin
