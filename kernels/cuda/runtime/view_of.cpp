#include "kernels/cuda/runtime/view_of.h"

#include "kernels/error.h"

namespace odin::cuda {
namespace {

Element element_of(DataType type) {
  switch (type) {
    case DataType::kFloat16:
      return Element::kHalf;
    case DataType::kBFloat16:
      return Element::kBFloat16;
    default:
      return Element::kFloat;
  }
}

}  // namespace

View view_of(const TensorView& tensor) {
  const Shape& shape = tensor.shape();
  std::int64_t extents[4] = {1, 1, 1, 1};  // N, C, H, W
  std::int64_t strides[4] = {0, 1, 0, 0};
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const int to = shape.rank() == 1 ? 1 : axis;
    extents[to] = shape[axis];
    strides[to] = tensor.strides()[static_cast<std::size_t>(axis)];
  }
  const auto [n, c, h, w] = extents;
  View view;
  view.data = tensor.empty() ? nullptr : tensor.raw();
  view.element = element_of(tensor.type());
  view.images = static_cast<int>(n);
  view.height = static_cast<int>(h);
  view.width = static_cast<int>(w);
  view.channels = static_cast<int>(c);
  view.pitch = w > 1 ? strides[3] : h > 1 ? strides[2] : n > 1 ? strides[0] : c;
  const bool fits = (c <= 1 || strides[1] == 1) && (w <= 1 || strides[3] == view.pitch) &&
                    (h <= 1 || strides[2] == w * view.pitch) &&
                    (n <= 1 || strides[0] == h * w * view.pitch);
  require(tensor.empty() || fits, "a tensor of shape {} is not stored as NHWC in device memory",
          shape.to_string());
  return view;
}

ConstView view_of(const ConstTensorView& tensor) {
  return view_of(
      TensorView(const_cast<void*>(tensor.raw()), tensor.type(), tensor.shape(), tensor.strides()));
}

}  // namespace odin::cuda
