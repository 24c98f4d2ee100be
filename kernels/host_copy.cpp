#include "kernels/host_copy.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/error.h"

namespace odin {
namespace {

// Calls f(index, offset) for every element of a view, in row-major order.
template <class Function>
void for_each_element(const ConstTensorView& view, Function f) {
  std::array<std::int64_t, Shape::kMaxRank> extents{1, 1, 1, 1};
  Strides strides{};
  const int missing = Shape::kMaxRank - view.shape().rank();
  for (int axis = 0; axis < view.shape().rank(); ++axis) {
    extents[static_cast<std::size_t>(missing + axis)] = view.shape()[axis];
    strides[static_cast<std::size_t>(missing + axis)] =
        view.strides()[static_cast<std::size_t>(axis)];
  }
  std::int64_t index = 0;
  for (std::int64_t i = 0; i < extents[0]; ++i) {
    for (std::int64_t j = 0; j < extents[1]; ++j) {
      for (std::int64_t k = 0; k < extents[2]; ++k) {
        std::int64_t offset = i * strides[0] + j * strides[1] + k * strides[2];
        for (std::int64_t l = 0; l < extents[3]; ++l, offset += strides[3]) f(index++, offset);
      }
    }
  }
}

template <class T>
void write_as(const double* values, const TensorView& to) {
  T* const data = to.data<T>();
  for_each_element(to, [=](std::int64_t index, std::int64_t offset) {
    const double value = values[index];
    if constexpr (std::numeric_limits<T>::is_integer) {
      require(value >= std::numeric_limits<T>::min() && value <= std::numeric_limits<T>::max() &&
                  value == std::trunc(value),
              "{} is not an integer that a tensor of {} can hold", value,
              name_of(data_type_of<T>()));
    }
    data[offset] = static_cast<T>(value);
  });
}

template <class T>
void read_as(const ConstTensorView& from, double* values) {
  const T* const data = from.data<T>();
  for_each_element(from, [=](std::int64_t index, std::int64_t offset) {
    values[index] = static_cast<double>(data[offset]);
  });
}

}  // namespace

std::size_t spanned_bytes(const ConstTensorView& view) {
  if (view.empty()) return 0;
  std::int64_t last = 0;
  for (int axis = 0; axis < view.shape().rank(); ++axis) {
    last += (view.shape()[axis] - 1) * view.strides()[static_cast<std::size_t>(axis)];
  }
  return static_cast<std::size_t>(last + 1) * size_of(view.type());
}

void write_elements(const double* values, const TensorView& to) {
  switch (to.type()) {
    case DataType::kFloat32:
      return write_as<float>(values, to);
    case DataType::kFloat64:
      return write_as<double>(values, to);
    case DataType::kInt32:
      return write_as<std::int32_t>(values, to);
    case DataType::kUInt8:
      return write_as<std::uint8_t>(values, to);
    case DataType::kFloat16:
    case DataType::kBFloat16:
      break;
  }
  fail("a tensor of {} cannot be in host memory", name_of(to.type()));
}

void read_elements(const ConstTensorView& from, double* values) {
  switch (from.type()) {
    case DataType::kFloat32:
      return read_as<float>(from, values);
    case DataType::kFloat64:
      return read_as<double>(from, values);
    case DataType::kInt32:
      return read_as<std::int32_t>(from, values);
    case DataType::kUInt8:
      return read_as<std::uint8_t>(from, values);
    case DataType::kFloat16:
    case DataType::kBFloat16:
      break;
  }
  fail("a tensor of {} cannot be in host memory", name_of(from.type()));
}

}  // namespace odin
