// The tasks of our kernels, for evaluation and training, and the table of kernels of one
// instruction set.
//
// The same sources are compiled once for each instruction set, into translation units with that
// set's flags. This file and the kernels must not use an inline function that other units use too:
// the linker keeps one copy, and it might be one that this processor cannot run.
#pragma once

namespace odin::cpu {

// Planes of a group of images: plane c of image i begins at data + i image + c plane. A plane is
// height x width floats without gaps. Kernels may read and write it up to the next whole vector.
struct Planes {
  float* data = nullptr;
  long image = 0;
  long plane = 0;
};

// A ReLU's mask: one bit for each element of such planes, set if the ReLU let the element through.
// A word holds the bits of one vector.
struct MaskPlanes {
  void* data = nullptr;  // null if nobody wants the mask
  long image = 0;        // in words
  long plane = 0;
};

// What happens to an element x between memory and the arithmetic.
enum class Load {
  kPlain,      // x
  kNormalise,  // z = relu(scale x + shift); writes the mask if it is wanted
  kMasked,     // x where its bit is set, else 0
};

// What happens to a result r between the arithmetic and memory, y.
enum class Store {
  kSet,        // y = r
  kRelu,       // y = relu(r); writes the mask if it is wanted
  kResidual,   // y = r + residual
  kAdd,        // y += r
  kMaskedSet,  // y = r where its bit is set, else 0
  kMaskedAdd,  // y += r where its bit is set
};

// What becomes of the gradient of h = relu(scale x + shift). With d = that gradient where the ReLU
// is open, else 0: dx is, or grows by, scale d. Planes of x and dx are equally far apart, and of
// any size where a kernel does not say more.
struct OpenGradient {
  Planes x;
  const float* scale = nullptr;  // (channels)
  const float* shift = nullptr;
  const float* mean = nullptr;
  Planes dx;
  bool add = true;        // to dx
  float* sums = nullptr;  // [image][2][channels]: the sums of d and of d (x - mean)
};

// A convolution of a group of images, or its transpose (direct_backward). The gradient in the input
// of a stride-1 convolution is a convolution too, with transposed and rotated weights.
struct ConvolutionTask {
  int images = 0;
  int in_channels = 0, in_height = 0, in_width = 0;
  int out_channels = 0, out_height = 0, out_width = 0;
  int kernel = 1, stride = 1, padding = 0;

  Load load = Load::kPlain;
  Planes in;
  MaskPlanes in_mask;
  const float* scale = nullptr;  // (in_channels)
  const float* shift = nullptr;

  const float* weights = nullptr;  // packed by the same table
  // Winograd only: computes the gradient from the weights packed for the forward convolution.
  // in_channels are then the channels that the forward convolution writes. If out_scale
  // (out_channels) is not null, the results are multiplied by it.
  bool transposed = false;
  const float* out_scale = nullptr;
  // Winograd only: as many whole rows of tiles, or whole images, as have this many tiles are a
  // block; at least one.
  int block_tiles = 0;

  Store store = Store::kSet;
  Planes out;
  MaskPlanes out_mask;
  const float* bias = nullptr;  // (out_channels), or null
  Planes residual;
  // Winograd's transpose only: if open.sums is not null, results are not stored, but are the
  // gradient of h. Planes are whole vectors.
  OpenGradient open;

  float* workspace = nullptr;
};

// The gradient in the weights of a convolution, from a group of images. The operands are brought
// into matrices, which are multiplied place by place (a place is a tap of the kernel or, with
// Winograd's algorithm, one of the 36 of a tile), and finished when the sums of all images are
// there. Planes may be of any size, and nothing is read past their end.
struct FilterTask {
  bool winograd = false;   // 3x3, stride 1, padding 1
  bool pointwise = false;  // the sums are those of PointwiseGradientTask: only finish() is called
  int images = 0;
  int in_channels = 0, in_height = 0, in_width = 0;
  int out_channels = 0, out_height = 0, out_width = 0;
  int kernel = 1, stride = 1, padding = 0;

  Load load = Load::kPlain;  // or kNormalise; masks are neither read nor written
  Planes in;
  const float* scale = nullptr;  // (in_channels)
  const float* shift = nullptr;
  Planes gradient;  // of the result

  float* workspace = nullptr;  // of the thread
  float* inputs = nullptr;     // the matrices
  float* gradients = nullptr;
  float* sums = nullptr;  // added to; they begin as zero
};
// Floats of each of the task's memories, and what there is to do.
struct FilterSpace {
  long workspace;
  long inputs;
  long gradients;
  long sums;
  long depth;  // of the products: pixels of the result or, with Winograd's algorithm, tiles
  int places;
  int rows;           // of the sums, [place][row][...]: outputs or, if pointwise, inputs
  int input_vectors;  // of channels
  int gradient_vectors;
};
struct FilterKernel {
  FilterSpace (*space)(const FilterTask&);
  // Vectors [first, last) of channels.
  void (*bring_inputs)(const FilterTask&, int first, int last);
  void (*bring_gradients)(const FilterTask&, int first, int last);
  // Places [first, last).
  void (*multiply)(const FilterTask&, int first, int last);
  // dw (out_channels, in_channels, kernel, kernel) += the gradient, for rows [first, last) of the
  // sums.
  void (*finish)(const FilterTask&, int first, int last, float* dw);
};

// A 1x1 convolution of relu(scale x + shift) of a group of images, in training. Planes may be of
// any size, and nothing is read or written past their end.
struct PointwiseForwardTask {
  int images = 0;
  int in_channels = 0;
  int out_channels = 0;
  long pixels = 0;
  Planes in;
  const float* scale = nullptr;  // (in_channels)
  const float* shift = nullptr;
  const float* weights = nullptr;  // packed by the same table
  Planes out;
  // [image][3][out_channels]: the mean of its first pixels, and the sums of its elements'
  // distances from that, and of their squares.
  float* measured = nullptr;
  float* workspace = nullptr;
};
struct PointwiseForwardKernel {
  void (*run)(const PointwiseForwardTask&);
  long (*workspace)(const PointwiseForwardTask&);  // floats
};

// The gradients of a 1x1 convolution of h = relu(scale x + shift), from a group of images. Planes
// may be of any size, and nothing is read or written past their end.
struct PointwiseGradientTask {
  int images = 0;
  int in_channels = 0;
  int out_channels = 0;
  long pixels = 0;

  OpenGradient open;
  // Of the results: `gradient` or, if slope is not null, gradient - offset - slope (out - mean).
  Planes gradient;
  Planes out;
  const float* out_mean = nullptr;  // (out_channels)
  const float* out_offset = nullptr;
  const float* out_slope = nullptr;

  const float* weights = nullptr;  // in_channels x out_channels, packed by the same table
  // The gradient in the weights, [in_channels][out_channels in whole vectors]; added to, unless
  // null.
  float* sums = nullptr;
  float* workspace = nullptr;
};
struct PointwiseGradientKernel {
  void (*run)(const PointwiseGradientTask&);
  long (*workspace)(const PointwiseGradientTask&);  // floats
};

// A pool, a normalisation or an addition.
struct PlaneTask {
  int images = 0;
  int channels = 0;
  int in_height = 0, in_width = 0;
  int out_height = 0, out_width = 0;
  int window = 1, stride = 1;

  Planes in;
  Planes out;
  MaskPlanes mask;               // of the normalised element; null without a ReLU or if not wanted
  const float* scale = nullptr;  // (channels), or null for no normalisation
  const float* shift = nullptr;
  bool relu = false;
  bool accumulate = false;  // backward only: add to what is in `out`

  float* workspace = nullptr;
};

// A matrix of weights, w[row row_stride + column column_stride]. If row_scale is not null, row i is
// multiplied by row_scale[i].
struct WeightMatrix {
  const float* data = nullptr;
  int rows = 0;
  int columns = 0;
  long row_stride = 0;
  long column_stride = 0;
  const float* row_scale = nullptr;
  // Only rows [first_row, end_row) are packed, to their place among all rows; both are multiples of
  // 12, or end_row is `rows`, or 0 for all that are left.
  int first_row = 0;
  int end_row = 0;
};

struct ConvolutionKernel {
  void (*run)(const ConvolutionTask&);
  // Floats of workspace that the task needs.
  long (*workspace)(const ConvolutionTask&);
};

struct KernelTable {
  const char* name;
  int lanes;       // floats in a vector
  int word_bytes;  // bytes of the mask of one vector

  // 1x1, stride 1, no padding.
  ConvolutionKernel pointwise;
  // Any convolution.
  ConvolutionKernel direct;
  // The gradient of any convolution. `in` is the gradient of its result and `out` the gradient of
  // its input, with their extents. Kernel, stride and padding are those of the convolution.
  ConvolutionKernel direct_backward;
  // 3x3, stride 1 or 2, padding 1.
  ConvolutionKernel winograd;
  // The gradient in the weights of any convolution with a square kernel.
  FilterKernel filter;
  // A 1x1 convolution of a batch norm with a ReLU, and all its gradients.
  PointwiseForwardKernel pointwise_forward;
  PointwiseGradientKernel pointwise_gradient;

  // Writes rows x columns floats to `packed`.
  void (*pack)(const WeightMatrix&, float* packed);
  // Each element of the matrix is the first of the nine consecutive weights of a 3x3 kernel, for a
  // convolution of the given stride, 1 or 2. Writes 36 x rows x columns floats to `packed`.
  void (*pack_winograd)(const WeightMatrix&, int stride, float* packed);

  void (*pool)(const PlaneTask&);           // out = mean over windows of normalised in
  void (*pool_backward)(const PlaneTask&);  // in: gradient of the means
  void (*normalise)(const PlaneTask&);
  void (*normalise_backward)(const PlaneTask&);
  void (*copy)(const PlaneTask&);  // out = in, or out += in
  long (*plane_workspace)(const PlaneTask&);

  // rounds x multiply_add_chains_per_round x lanes multiply-adds, to measure the peak.
  float (*multiply_add_chains)(long rounds);
  int multiply_add_chains_per_round;
};

namespace portable {
const KernelTable& kernel_table();
}
#ifdef ODIN_CPU_X86
namespace avx2 {
const KernelTable& kernel_table();
}
namespace avx512 {
const KernelTable& kernel_table();
}
#endif

}  // namespace odin::cpu
