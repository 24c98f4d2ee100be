// Our own convolution, written to be studied: versions from plain to fast that all compute the
// same. A convolution reads and writes channel slices. Its prologue is the batch norm and ReLU
// before it; its epilogue is the folded bias, ReLU and residual after it (kernels/plan.h).
#pragma once

#include <string_view>

#include "kernels/convolution.h"
#include "kernels/cuda/runtime/view.h"

namespace odin::cuda {

// Weights as the kernels want them: packed[tap][row][depth]; the sum runs over taps and depth. In
// the forward pass row is the output channel and depth the input channel; backward it is the other
// way round. depth is padded with zeros to a multiple of 32, so that a load never has to ask where
// it ends. The element type is that of the activations (float where x is float).
constexpr int packed_depth(int depth) {
  return (depth + 31) / 32 * 32;
}
constexpr std::int64_t packed_weights(int kernel, int rows, int depth) {  // in elements
  return std::int64_t{kernel} * kernel * rows * packed_depth(depth);
}
// From w (outputs, inputs, kernel, kernel), dense float. packed is aligned to 16 bytes.
void pack_forward_weights(const float* w, int outputs, int inputs, int kernel, Element element,
                          void* packed, Stream stream);
void pack_backward_weights(const float* w, int outputs, int inputs, int kernel, Element element,
                           void* packed, Stream stream);

// Which values a ReLU let through, one bit each. A byte covers 16 bytes of a pixel's channels: 8
// channels in half precision, 4 in float; bit i is the i-th of them. The byte of channel c of pixel
// p is bytes[p pitch + c / masked_channels()]. Bits beyond the last channel are zero.
struct ReluMask {
  std::uint8_t* bytes = nullptr;  // nullptr: no mask
  std::int64_t pitch = 0;
};
constexpr int kMaskedBytes = 16;
constexpr int masked_channels(Element element) {
  return kMaskedBytes / static_cast<int>(size_of(element));
}
constexpr std::int64_t mask_pitch(Element element, int channels) {
  return (channels + masked_channels(element) - 1) / masked_channels(element);
}
// Whether every pixel is the middle of exactly one window, so that a convolution can write its
// input's mask.
constexpr bool has_middle(int kernel, const ConvolutionGeometry& geometry) {
  return geometry.stride == 1 && kernel == 2 * geometry.padding + 1;
}

// Tiles for at most so many channels wait for memory, and have no registers left for a second
// output.
constexpr int kNarrowChannels = 48;

// y = epilogue(convolution(prologue(x))):
// prologue(x) = affine(x), zero padding applied after it (its relu may be off: plain batch norm);
// epilogue(z) = max(z + bias, 0) if relu, else z + bias; plus the residual, if any.
// x is (N, C, H, W), y (N, O, H', W'), the residual as y. Element types are equal, with one
// exception: x and the weights may be float where y is not. That is for the image, whose
// perturbation half precision would round away. Such a convolution runs on ordinary cores and
// should have few channels.
struct ForwardConvolution {
  int kernel = 1;
  ConvolutionGeometry geometry;
  ConstView x;
  const void* weights = nullptr;  // by pack_forward_weights
  Affine prologue;
  const float* bias = nullptr;  // (O), nullptr for none
  bool relu = false;
  ConstView residual;  // empty for none
  View y;
  // Written too if given, by the implicit GEMMs only: affine(y), as the prologue of those that read
  // y makes it. It is shaped as y, aligned to 16 bytes, has more than kNarrowChannels channels, and
  // they fill whole bytes of a mask.
  Affine next;
  View normalised;
  ReluMask normalised_mask;  // of next.relu
  // Written if given.
  ReluMask input_mask;   // of prologue.relu; only if has_middle()
  ReluMask output_mask;  // of relu; by the implicit GEMMs only
  bool tf32 = false;     // float is multiplied on tensor cores, rounded to 11 significant bits
};

// The gradient in x: with g = the transposed convolution of dy with w, dx (+)= mask scale g,
// mask = [scale x + shift > 0] if affine.relu: read if the forward pass wrote it, else recomputed
// from x. (With the identity and relu, x may also be the activation after its ReLU.) `accumulate`:
// += instead of =. dy is (N, O, H', W'), dx and x (N, C, H, W). dx and the weights may be float
// where dy is not: for the gradient in the image.
struct BackwardConvolution {
  int kernel = 1;
  ConvolutionGeometry geometry;
  ConstView dy;
  const void* weights = nullptr;  // by pack_backward_weights
  Affine affine;
  ReluMask mask;  // read if given and affine.relu
  ConstView x;    // needed if affine.relu and no mask is given
  bool accumulate = false;
  View dx;
  bool tf32 = false;  // float is multiplied on tensor cores, rounded to 11 significant bits
};

// The versions, from the one to read first to the fastest.
enum class ConvolutionVersion : std::uint8_t {
  kAuto,          // the one that should be fastest for the shape
  kPlain,         // one thread per output, any shape
  kImage,         // at most four channels of float in, no prologue: the first layer
  kImplicitGemm,  // product of matrices gathered on the way: windows up to 3 x 3, strides up to 2
  kHalo,          // windows of 3 x 3 over few channels of half precision: loads each pixel once
  kWgmma,         // kImplicitGemm on the tensor cores of compute capability 9.0, half precision
};
std::string_view name_of(ConvolutionVersion version);

// The implicit GEMMs gather from pixels whose address, and whose channels in bytes, are multiples
// of this. An odd number of halves, or of halves before a slice, is for the plain version.
constexpr int kGatherAlignment = 4;  // bytes

// Throws Error if the version cannot do the shape.
void convolution_forward(const ForwardConvolution& convolution, ConvolutionVersion version,
                         Stream stream);
void convolution_backward_data(const BackwardConvolution& convolution, ConvolutionVersion version,
                               Stream stream);
// Whether a version can do the shape, with its element types and masks. (Without an output mask
// kAuto and kPlain always can.)
bool can_run(const ForwardConvolution& convolution, ConvolutionVersion version);
bool can_run(const BackwardConvolution& convolution, ConvolutionVersion version);

// dw[o,c,p,q] += sum over n,i,j of dy[n,o,i,j] x[n,c,i stride + p - padding, j stride + q -
// padding]; dw (O, C, kernel, kernel) dense float, x of dy's element type or float. For training;
// one block per (o, c), in a fixed order of summation.
void convolution_backward_filter(int kernel, const ConvolutionGeometry& geometry, ConstView x,
                                 ConstView dy, float* dw, Stream stream);

}  // namespace odin::cuda
