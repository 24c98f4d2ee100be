// What our CUDA kernels read and write: device memory, an element type and NHWC geometry.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "kernels/precision.h"

struct CUstream_st;

namespace odin::cuda {

// A CUDA stream, the same type as cudaStream_t; nullptr is the default stream.
using Stream = CUstream_st*;

// How activations, gradients and packed weights are stored. Arithmetic is in float (products of
// convolutions: in the storage type, accumulated in float).
enum class Element : std::uint8_t { kFloat, kHalf, kBFloat16 };

constexpr std::size_t size_of(Element element) {
  return element == Element::kFloat ? 4 : 2;
}
// Of activations in a precision.
constexpr Element element_of(Precision precision) {
  return precision == Precision::kFloat16    ? Element::kHalf
         : precision == Precision::kBFloat16 ? Element::kBFloat16
                                             : Element::kFloat;
}

// An activation in device memory; Data is void, or const void where it is only read. Channels are
// innermost. The pixels of all images follow each other at a distance of `pitch` elements, so that
// element (n, c, h, w) is data[((n height + h) width + w) pitch + c]. A channel slice of a wider
// buffer has the buffer's pitch. A matrix (N, K) is an activation of 1 x 1 pixel with K channels.
//
// Kernels load and store 16 bytes at a time where the data, and the pitch in bytes, are multiples
// of 16; buffers should be padded so. Any other view works too, more slowly.
template <class Data>
struct BasicView {
  Data* data = nullptr;
  Element element = Element::kFloat;
  int images = 0;
  int height = 1;
  int width = 1;
  int channels = 0;
  std::int64_t pitch = 0;

  // What may be written may be read: a View is a ConstView. (A template, since nvcc warns of a
  // type's conversion to itself.)
  template <class Other>
  operator BasicView<Other>() const
      requires(std::is_same_v<Other, const Data> && !std::is_const_v<Data>) {
    return {data, element, images, height, width, channels, pitch};
  }
  constexpr std::int64_t pixels() const { return std::int64_t{images} * height * width; }
  constexpr std::int64_t numel() const { return pixels() * channels; }
  constexpr bool empty() const { return data == nullptr || numel() == 0; }
};
using View = BasicView<void>;
using ConstView = BasicView<const void>;

// Whether kernels can load 16 bytes at a time.
inline bool is_aligned(const ConstView& view) {
  return reinterpret_cast<std::uintptr_t>(view.data) % 16 == 0 &&
         view.pitch * static_cast<std::int64_t>(size_of(view.element)) % 16 == 0;
}

// Batch norm in evaluation as one multiply-add per element: z = scale[c] x + shift[c], then
// max(z, 0) if `relu`. Both are in device memory, one float per channel; nullptr means the
// identity, z = x.
struct Affine {
  const float* scale = nullptr;
  const float* shift = nullptr;
  bool relu = false;
};

}  // namespace odin::cuda
