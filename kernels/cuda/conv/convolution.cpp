#include "kernels/cuda/conv/convolution.h"

#include "kernels/backend.h"
#include "kernels/cuda/conv/epilogue.h"
#include "kernels/cuda/conv/versions.h"
#include "kernels/error.h"

namespace odin::cuda {
namespace {

std::string describe(const ConstView& view) {
  return fmt::format("({}, {}, {}, {})", view.images, view.channels, view.height, view.width);
}

// x and y (or dx and dy) against the geometry and each other.
void check(int kernel, const ConvolutionGeometry& geometry, const ConstView& x,
           const ConstView& y) {
  const auto [stride, padding] = geometry;
  require(x.images == y.images && windowed_extent(x.height, kernel, stride, padding) == y.height &&
              windowed_extent(x.width, kernel, stride, padding) == y.width,
          "a convolution of {} x {}, stride {}, padding {} does not make {} from {}", kernel,
          kernel, stride, padding, describe(y), describe(x));
  require(x.element == y.element || x.element == Element::kFloat,
          "a convolution's input has its output's element type, or is float");
}

void check_like(const char* what, const ConstView& view, const ConstView& like) {
  require(view.images == like.images && view.channels == like.channels &&
              view.height == like.height && view.width == like.width &&
              view.element == like.element,
          "the {} of a convolution is {}, not {}, or of another element type", what, describe(view),
          describe(like));
}

// The version to run: for kAuto the most special one that can do the shape. That is never kWgmma,
// which has not run on a GPU yet (VERIFIED.md). Once cuda_kernel_bench has shown on an H100 that it
// is right, and for which shapes it is faster, those shapes belong here.
template <class Convolution>
ConvolutionVersion choose(const Convolution& c, ConvolutionVersion version) {
  if (version != ConvolutionVersion::kAuto) return version;
  if (conv_image_can_run(c)) return ConvolutionVersion::kImage;
  if (conv_halo_can_run(c)) return ConvolutionVersion::kHalo;
  if (conv_gemm_can_run(c)) return ConvolutionVersion::kImplicitGemm;
  return ConvolutionVersion::kPlain;
}

template <class Convolution>
bool can_run_version(const Convolution& c, ConvolutionVersion version) {
  switch (version) {
    case ConvolutionVersion::kImage:
      return conv_image_can_run(c);
    case ConvolutionVersion::kImplicitGemm:
      return conv_gemm_can_run(c);
    case ConvolutionVersion::kHalo:
      return conv_halo_can_run(c);
    case ConvolutionVersion::kWgmma:
      return conv_wgmma_can_run(c);
    default:
      return true;
  }
}

}  // namespace

std::string_view name_of(ConvolutionVersion version) {
  switch (version) {
    case ConvolutionVersion::kAuto:
      return "auto";
    case ConvolutionVersion::kPlain:
      return "plain";
    case ConvolutionVersion::kImage:
      return "image";
    case ConvolutionVersion::kImplicitGemm:
      return "implicit-gemm";
    case ConvolutionVersion::kHalo:
      return "halo";
    case ConvolutionVersion::kWgmma:
      return "wgmma";
  }
  fail("convolution version {} is not known", static_cast<int>(version));
}

bool can_run(const ForwardConvolution& c, ConvolutionVersion version) {
  if (!can_run_version(c, version)) return false;
  if (c.output_mask.bytes == nullptr && c.normalised.data == nullptr) return true;
  if (c.normalised.data != nullptr) {
    const int at_once = masked_channels(c.y.element);
    if (c.y.channels <= kNarrowChannels || c.y.channels % at_once != 0 ||
        epilogue_of(c).width != at_once)
      return false;
  }
  const ConvolutionVersion taken = choose(c, version);
  return taken == ConvolutionVersion::kImplicitGemm || taken == ConvolutionVersion::kHalo ||
         taken == ConvolutionVersion::kWgmma;
}

bool can_run(const BackwardConvolution& c, ConvolutionVersion version) {
  return can_run_version(c, version);
}

void convolution_forward(const ForwardConvolution& c, ConvolutionVersion version, Stream stream) {
  check(c.kernel, c.geometry, c.x, c.y);
  if (c.residual.data != nullptr) check_like("residual", c.residual, c.y);
  if (c.normalised.data != nullptr) check_like("normalised output", c.normalised, c.y);
  require(
      c.input_mask.bytes == nullptr || (c.prologue.relu && has_middle(c.kernel, c.geometry)),
      "only a convolution whose prologue has a ReLU, and in whose windows every pixel is once in "
      "the middle, can write its input's mask");
  require(c.output_mask.bytes == nullptr || c.relu,
          "the output of a convolution without a ReLU has no mask");
  require(can_run(c, version), "the {} version cannot do a convolution of {} x {} to {} from {}",
          name_of(version), c.kernel, c.kernel, describe(c.y), describe(c.x));
  if (c.y.empty()) return;
  switch (choose(c, version)) {
    case ConvolutionVersion::kImage:
      return conv_image_forward(c, stream);
    case ConvolutionVersion::kImplicitGemm:
      return conv_gemm_forward(c, stream);
    case ConvolutionVersion::kHalo:
      return conv_halo_forward(c, stream);
    case ConvolutionVersion::kWgmma:
      return conv_wgmma_forward(c, stream);
    default:
      return conv_plain_forward(c, stream);
  }
}

void convolution_backward_data(const BackwardConvolution& c, ConvolutionVersion version,
                               Stream stream) {
  check(c.kernel, c.geometry, c.dx, c.dy);
  if (c.affine.relu && c.mask.bytes == nullptr) check_like("input", c.x, c.dx);
  require(can_run(c, version),
          "the {} version cannot do the gradient of a convolution of {} x {} to {} from {}",
          name_of(version), c.kernel, c.kernel, describe(c.dy), describe(c.dx));
  if (c.dx.empty()) return;
  switch (choose(c, version)) {
    case ConvolutionVersion::kImage:
      return conv_image_backward(c, stream);
    case ConvolutionVersion::kImplicitGemm:
      return conv_gemm_backward(c, stream);
    case ConvolutionVersion::kHalo:
      return conv_halo_backward(c, stream);
    case ConvolutionVersion::kWgmma:
      return conv_wgmma_backward(c, stream);
    default:
      return conv_plain_backward(c, stream);
  }
}

}  // namespace odin::cuda
