// What the evaluation kernels are asked to do, and the table through which they are reached.
//
// The kernels are compiled once for each instruction set, from the same sources, into translation
// units that are built with that set's flags. So this file and they use no inline function that
// another unit could share: the linker might keep the copy that this processor cannot run.
#pragma once

namespace odin::cpu {

// Planes of a group of images: plane c of image i begins at data + i image + c plane. A plane is
// height x width floats without gaps, and may be read and written up to the next whole vector.
struct Planes {
  float* data = nullptr;
  long image = 0;
  long plane = 0;
};

// A ReLU's mask: a bit for each element of such planes, set if the ReLU let it through, in words of
// one vector's lanes.
struct MaskPlanes {
  void* data = nullptr;  // null: not wanted
  long image = 0;        // in words
  long plane = 0;
};

// What happens to an element x between memory and the arithmetic.
enum class Load {
  kPlain,      // x
  kNormalise,  // z = relu(scale x + shift); its mask is written if it is wanted
  kMasked,     // x where its bit is set, else 0
};

// What happens to a result r between the arithmetic and memory, y.
enum class Store {
  kSet,        // y = r
  kRelu,       // y = relu(r); its mask is written if it is wanted
  kResidual,   // y = r + residual
  kAdd,        // y += r
  kMaskedSet,  // y = r where its bit is set, else 0
  kMaskedAdd,  // y += r where its bit is set
};

// A convolution (or, for direct_backward, its transpose) over a group of images. The gradient in
// the input of a stride-1 convolution is again a convolution, with transposed and rotated weights.
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
  // Winograd only: the gradient, from the weights packed for the convolution itself. in_channels
  // are then those that the convolution writes. The results are multiplied by out_scale
  // (out_channels), unless it is null.
  bool transposed = false;
  const float* out_scale = nullptr;

  Store store = Store::kSet;
  Planes out;
  MaskPlanes out_mask;
  const float* bias = nullptr;  // (out_channels), or null
  Planes residual;

  float* workspace = nullptr;
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
  MaskPlanes mask;               // of the normalised element; null: not wanted, or there is no ReLU
  const float* scale = nullptr;  // (channels), or null for no normalisation
  const float* shift = nullptr;
  bool relu = false;
  bool accumulate = false;  // backward only: add to what is in `out`

  float* workspace = nullptr;
};

// The rows of a matrix of weights, w[row row_stride + column column_stride], rows scaled if
// row_scale is not null.
struct WeightMatrix {
  const float* data = nullptr;
  int rows = 0;
  int columns = 0;
  long row_stride = 0;
  long column_stride = 0;
  const float* row_scale = nullptr;
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
  // The gradient of any convolution: `in` is the gradient of its result, `out` that of its input,
  // and the extents are meant so too; kernel, stride and padding are those of the convolution.
  ConvolutionKernel direct_backward;
  // 3x3, stride 1, padding 1.
  ConvolutionKernel winograd;

  // packed has rows x columns floats.
  void (*pack)(const WeightMatrix&, float* packed);
  // Each element of the matrix is the first of nine consecutive ones, a 3x3 kernel; packed has
  // 36 x rows x columns floats.
  void (*pack_winograd)(const WeightMatrix&, float* packed);

  void (*pool)(const PlaneTask&);           // out = mean over windows of normalised in
  void (*pool_backward)(const PlaneTask&);  // in: gradient of the means
  void (*normalise)(const PlaneTask&);
  void (*normalise_backward)(const PlaneTask&);
  void (*copy)(const PlaneTask&);  // out = in, or out += in
  long (*plane_workspace)(const PlaneTask&);

  // Arithmetic for its own sake: rounds x multiply_add_chains_per_round x lanes multiply-adds.
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
