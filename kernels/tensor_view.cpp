#include "kernels/tensor_view.h"

namespace odin {

std::size_t size_of(DataType type) {
  switch (type) {
    case DataType::kFloat32:
    case DataType::kInt32:
      return 4;
    case DataType::kFloat64:
      return 8;
    case DataType::kUInt8:
      return 1;
    case DataType::kFloat16:
    case DataType::kBFloat16:
      return 2;
  }
  fail("unknown data type {}", static_cast<int>(type));
}

bool is_narrow(DataType type) {
  return type == DataType::kFloat16 || type == DataType::kBFloat16;
}

std::string_view name_of(DataType type) {
  switch (type) {
    case DataType::kFloat32:
      return "float32";
    case DataType::kFloat64:
      return "float64";
    case DataType::kInt32:
      return "int32";
    case DataType::kUInt8:
      return "uint8";
    case DataType::kFloat16:
      return "float16";
    case DataType::kBFloat16:
      return "bfloat16";
  }
  fail("unknown data type {}", static_cast<int>(type));
}

Shape::Shape(std::initializer_list<std::int64_t> extents) {
  require(extents.size() <= kMaxRank, "a tensor has at most {} axes, not {}", kMaxRank,
          extents.size());
  for (std::int64_t extent : extents) {
    require(extent >= 0, "the extent of an axis cannot be negative ({})", extent);
    extents_[static_cast<std::size_t>(rank_++)] = extent;
  }
}

std::int64_t Shape::numel() const {
  std::int64_t product = 1;
  for (int axis = 0; axis < rank_; ++axis) product *= (*this)[axis];
  return product;
}

std::string Shape::to_string() const {
  std::string text = "(";
  for (int axis = 0; axis < rank_; ++axis) {
    text += fmt::format("{}{}", axis ? ", " : "", (*this)[axis]);
  }
  return text + ")";
}

Strides row_major_strides(const Shape& shape) {
  Strides strides{};
  std::int64_t stride = 1;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    strides[static_cast<std::size_t>(axis)] = stride;
    stride *= shape[axis];
  }
  return strides;
}

bool ConstTensorView::is_contiguous() const {
  std::int64_t stride = 1;
  for (int axis = shape_.rank() - 1; axis >= 0; --axis) {
    if (shape_[axis] != 1 && strides_[static_cast<std::size_t>(axis)] != stride) return false;
    stride *= shape_[axis];
  }
  return true;
}

ConstTensorView ConstTensorView::slice(int axis, std::int64_t begin, std::int64_t count) const {
  require(axis >= 0 && axis < shape_.rank() && begin >= 0 && count >= 0 &&
              begin + count <= shape_[axis],
          "slice [{}, {}) of axis {} is outside a tensor of shape {}", begin, begin + count, axis,
          shape_.to_string());
  ConstTensorView view = *this;
  const auto offset = begin * strides_[static_cast<std::size_t>(axis)];
  view.data_ = static_cast<std::byte*>(data_) + offset * static_cast<std::int64_t>(size_of(type_));
  view.shape_.set(axis, count);
  return view;
}

TensorView TensorView::slice(int axis, std::int64_t begin, std::int64_t count) const {
  const ConstTensorView view = ConstTensorView::slice(axis, begin, count);
  return {const_cast<void*>(view.raw()), view.type(), view.shape(), view.strides()};
}

void ConstTensorView::require_type(DataType wanted) const {
  require(type_ == wanted, "a tensor of {} was given, but {} is needed", name_of(type_),
          name_of(wanted));
}

}  // namespace odin
