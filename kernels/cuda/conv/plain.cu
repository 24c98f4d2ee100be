#include "kernels/cuda/conv/epilogue.cuh"
#include "kernels/cuda/conv/versions.h"

// The version to read first: one thread per result, three loops. Every operand comes straight from
// device memory (or, with luck, from a cache): an element of x is loaded once for every output
// channel and tap that needs it.
namespace odin::cuda {
namespace {

// Element `index` of a result whose neighbouring elements are channels of one pixel.
struct Place {
  int channel;
  std::int64_t pixel;  // of all images
  int row;
  int column;
  std::int64_t image;
};

__device__ inline Place place_of(std::int64_t index, const View& result) {
  const std::int64_t pixel = index / result.channels;
  return {static_cast<int>(index % result.channels), pixel,
          static_cast<int>(pixel / result.width % result.height),
          static_cast<int>(pixel % result.width),
          pixel / (std::int64_t{result.width} * result.height)};
}

template <class X, class Y>
__global__ void conv_plain_forward_kernel(ForwardConvolution c, Rows<const X> x,
                                          Rows<const Y> residual, Rows<Y> y, std::int64_t count) {
  const std::int64_t index = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (index >= count) return;
  const auto [o, pixel, row, column, image] = place_of(index, c.y);
  const auto [stride, padding] = c.geometry;
  const int depth = packed_depth(c.x.channels);
  const auto* weights = static_cast<const X*>(c.weights);

  float sum = c.bias != nullptr ? c.bias[o] : 0;
  for (int p = 0; p < c.kernel; ++p) {
    for (int q = 0; q < c.kernel; ++q) {
      const int i = row * stride + p - padding;
      const int j = column * stride + q - padding;
      if (i < 0 || i >= c.x.height || j < 0 || j >= c.x.width) continue;
      const X* source = x.at((image * c.x.height + i) * c.x.width + j, 0);
      const X* w = weights + (std::int64_t{p * c.kernel + q} * c.y.channels + o) * depth;
      // The pixel's first thread writes its mask.
      const bool masks = c.input_mask.bytes != nullptr && o == 0 && p == padding && q == padding;
      unsigned open = 0;
      for (int k = 0; k < c.x.channels; ++k) {
        float z = to_float(source[k]);
        if (c.prologue.scale != nullptr) z = fmaf(c.prologue.scale[k], z, c.prologue.shift[k]);
        if (c.prologue.relu && z < 0) z = 0;
        sum = fmaf(to_float(w[k]), z, sum);
        if (!masks) continue;
        if (z > 0) open |= 1u << k % kMasked<X>;
        if (k % kMasked<X> == kMasked<X> - 1 || k == c.x.channels - 1) {
          mask_byte<X>(c.input_mask, pixel, k) = static_cast<std::uint8_t>(open);
          open = 0;
        }
      }
    }
  }
  if (c.relu && sum < 0) sum = 0;
  if (residual.data != nullptr) sum += to_float(*residual.at(pixel, o));
  *y.at(pixel, o) = to<Y>(sum);
}

template <class X, class Y>
__global__ void conv_plain_backward_kernel(BackwardConvolution c, Rows<const Y> dy, Rows<const X> x,
                                           Rows<X> dx, std::int64_t count) {
  const std::int64_t index = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (index >= count) return;
  const auto [k, pixel, row, column, image] = place_of(index, c.dx);
  const auto [stride, padding] = c.geometry;
  const int depth = packed_depth(c.dy.channels);
  const auto* weights = static_cast<const X*>(c.weights);

  float sum = 0;
  for (int p = 0; p < c.kernel; ++p) {
    for (int q = 0; q < c.kernel; ++q) {
      // The result (i, j) that read this pixel through tap (p, q), if any.
      const int i = row + padding - p;
      const int j = column + padding - q;
      if (i < 0 || j < 0 || i % stride != 0 || j % stride != 0) continue;
      if (i / stride >= c.dy.height || j / stride >= c.dy.width) continue;
      const Y* source = dy.at((image * c.dy.height + i / stride) * c.dy.width + j / stride, 0);
      const X* w = weights + (std::int64_t{p * c.kernel + q} * c.dx.channels + k) * depth;
      for (int o = 0; o < c.dy.channels; ++o) sum = fmaf(to_float(w[o]), to_float(source[o]), sum);
    }
  }
  const float scale = c.affine.scale != nullptr ? c.affine.scale[k] : 1;
  const float shift = c.affine.scale != nullptr ? c.affine.shift[k] : 0;
  bool open = true;
  if (c.affine.relu && c.mask.bytes != nullptr) {
    const unsigned byte = mask_byte<X>(c.mask, pixel, k);
    open = (byte >> k % kMasked<X> & 1u) != 0;
  } else if (c.affine.relu) {
    open = fmaf(scale, to_float(*x.at(pixel, k)), shift) > 0;
  }
  sum = open ? scale * sum : 0;
  X* target = dx.at(pixel, k);
  if (c.accumulate) sum += to_float(*target);
  *target = to<X>(sum);
}

constexpr unsigned kThreads = 128;

Geometry geometry_for(std::int64_t count, Stream stream) {
  return {dim3(static_cast<unsigned>(blocks_for(count, kThreads))), dim3(kThreads), 0, stream};
}

// Calls f(X{}, Y{}) with the element types of a convolution's two sides.
template <class F>
void with_types(Element x, Element y, F f) {
  with_type(y, [&](auto type) {
    if (x == Element::kFloat) {
      f(float{}, type);
    } else {
      f(type, type);
    }
  });
}

}  // namespace

void conv_plain_forward(const ForwardConvolution& c, Stream stream) {
  with_types(c.x.element, c.y.element, [&](auto x, auto y) {
    using X = decltype(x);
    using Y = decltype(y);
    launch(conv_plain_forward_kernel<X, Y>, geometry_for(c.y.numel(), stream), c, rows<X>(c.x),
           rows<Y>(c.residual), rows<Y>(c.y), c.y.numel());
  });
}

void conv_plain_backward(const BackwardConvolution& c, Stream stream) {
  with_types(c.dx.element, c.dy.element, [&](auto x, auto y) {
    using X = decltype(x);
    using Y = decltype(y);
    launch(conv_plain_backward_kernel<X, Y>, geometry_for(c.dx.numel(), stream), c, rows<Y>(c.dy),
           rows<X>(c.x), rows<X>(c.dx), c.dx.numel());
  });
}

}  // namespace odin::cuda
