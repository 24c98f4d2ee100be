// Memory, a shape and strides: what every operation reads and writes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

#include "kernels/error.h"

namespace odin {

// The two 16-bit types, IEEE half precision and bfloat16, are for activations on a GPU. C++20 has
// no such types, so data<T>() cannot read them; the back ends that store them convert.
enum class DataType : std::uint8_t { kFloat32, kFloat64, kInt32, kUInt8, kFloat16, kBFloat16 };

std::size_t size_of(DataType type);
// Whether it has 16 bits.
bool is_narrow(DataType type);
std::string_view name_of(DataType type);

template <class T>
constexpr DataType data_type_of() {
  using U = std::remove_cv_t<T>;
  if constexpr (std::is_same_v<U, float>) {
    return DataType::kFloat32;
  } else if constexpr (std::is_same_v<U, double>) {
    return DataType::kFloat64;
  } else if constexpr (std::is_same_v<U, std::int32_t>) {
    return DataType::kInt32;
  } else {
    static_assert(std::is_same_v<U, std::uint8_t>, "not an element type of tensors");
    return DataType::kUInt8;
  }
}

// The extents of a tensor, outermost first: (N, C, H, W) for activations, (out, in, kh, kw) for the
// weights of a convolution, (N, K) for logits, (C) for the parameters of a batch norm.
class Shape {
 public:
  static constexpr int kMaxRank = 4;

  Shape() = default;
  Shape(std::initializer_list<std::int64_t> extents);

  int rank() const { return rank_; }
  // Extent `axis`; throws nothing, 0 <= axis < rank().
  std::int64_t operator[](int axis) const { return extents_[static_cast<std::size_t>(axis)]; }
  void set(int axis, std::int64_t extent) { extents_[static_cast<std::size_t>(axis)] = extent; }
  // Number of elements: 1 for rank 0.
  std::int64_t numel() const;
  // "(2, 3, 32, 32)".
  std::string to_string() const;
  bool operator==(const Shape&) const = default;

 private:
  std::array<std::int64_t, kMaxRank> extents_{};
  int rank_ = 0;
};

// Distances between neighbours along each axis, in elements.
using Strides = std::array<std::int64_t, Shape::kMaxRank>;

// Strides of a dense tensor whose last axis is innermost: NCHW for activations.
Strides row_major_strides(const Shape& shape);

// Unchecked access to the elements of a view of rank up to 4.
template <class T>
struct Elements {
  T* data;
  Strides strides;

  T& operator()(std::int64_t i) const { return data[i * strides[0]]; }
  T& operator()(std::int64_t i, std::int64_t j) const {
    return data[i * strides[0] + j * strides[1]];
  }
  T& operator()(std::int64_t i, std::int64_t j, std::int64_t k, std::int64_t l) const {
    return data[i * strides[0] + j * strides[1] + k * strides[2] + l * strides[3]];
  }
};

// A read-only tensor that somebody else owns. A slice is a view too: a dense block owns one buffer,
// and its layers read and write channel slices of it, so nothing is copied to concatenate.
class ConstTensorView {
 public:
  ConstTensorView() = default;
  ConstTensorView(const void* data, DataType type, const Shape& shape, const Strides& strides)
      : data_(const_cast<void*>(data)), type_(type), shape_(shape), strides_(strides) {}
  template <class T>
  ConstTensorView(const T* data, const Shape& shape)
      : ConstTensorView(data, data_type_of<T>(), shape, row_major_strides(shape)) {}

  const void* raw() const { return data_; }
  DataType type() const { return type_; }
  const Shape& shape() const { return shape_; }
  const Strides& strides() const { return strides_; }
  std::int64_t numel() const { return shape_.numel(); }
  // Whether there is no memory, or no element.
  bool empty() const { return data_ == nullptr || numel() == 0; }
  // Whether the elements have no gaps, the last axis innermost.
  bool is_contiguous() const;

  // Throws Error unless the elements are of type T.
  template <class T>
  const T* data() const {
    require_type(data_type_of<T>());
    return static_cast<const T*>(data_);
  }
  template <class T>
  Elements<const T> elements() const {
    return {data<T>(), strides_};
  }

  // Elements [begin, begin + count) of an axis. Throws Error outside the shape.
  ConstTensorView slice(int axis, std::int64_t begin, std::int64_t count) const;
  ConstTensorView images(std::int64_t begin, std::int64_t count) const {
    return slice(0, begin, count);
  }
  ConstTensorView channels(std::int64_t begin, std::int64_t count) const {
    return slice(1, begin, count);
  }

 protected:
  void require_type(DataType wanted) const;

  void* data_ = nullptr;
  DataType type_ = DataType::kFloat32;
  Shape shape_;
  Strides strides_{};
};

// The same, writable.
class TensorView : public ConstTensorView {
 public:
  TensorView() = default;
  TensorView(void* data, DataType type, const Shape& shape, const Strides& strides)
      : ConstTensorView(data, type, shape, strides) {}
  template <class T>
  TensorView(T* data, const Shape& shape) : ConstTensorView(data, shape) {}

  void* raw() const { return data_; }
  template <class T>
  T* data() const {
    require_type(data_type_of<T>());
    return static_cast<T*>(data_);
  }
  template <class T>
  Elements<T> elements() const {
    return {data<T>(), strides_};
  }
  TensorView slice(int axis, std::int64_t begin, std::int64_t count) const;
  TensorView images(std::int64_t begin, std::int64_t count) const { return slice(0, begin, count); }
  TensorView channels(std::int64_t begin, std::int64_t count) const {
    return slice(1, begin, count);
  }
};

}  // namespace odin
