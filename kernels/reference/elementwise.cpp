#include "kernels/reference/elementwise.h"

#include <cmath>

#include "kernels/reference/loops.h"

namespace odin::reference {
namespace {

// A view of rank below four with leading axes of one element, so that one loop nest serves all.
template <class View>
View with_four_axes(const View& view) {
  const int rank = view.shape().rank();
  Shape shape{1, 1, 1, 1};
  Strides strides{};
  for (int axis = 0; axis < rank; ++axis) {
    const int to = Shape::kMaxRank - rank + axis;
    shape.set(to, view.shape()[axis]);
    strides[static_cast<std::size_t>(to)] = view.strides()[static_cast<std::size_t>(axis)];
  }
  return {view.raw(), view.type(), shape, strides};
}

}  // namespace

void fill(const TensorView& y, double value) {
  const TensorView wide = with_four_axes(y);
  const auto to = wide.elements<double>();
  for_each(wide.shape(), [&](auto... at) { to(at...) = value; });
}

void copy(const ConstTensorView& x, const TensorView& y) {
  const TensorView wide = with_four_axes(y);
  const auto from = with_four_axes(x).elements<double>();
  const auto to = wide.elements<double>();
  for_each(wide.shape(), [&](auto... at) { to(at...) = from(at...); });
}

void add(const ConstTensorView& a, const ConstTensorView& b, const TensorView& y) {
  const TensorView wide = with_four_axes(y);
  const auto left = with_four_axes(a).elements<double>();
  const auto right = with_four_axes(b).elements<double>();
  const auto to = wide.elements<double>();
  for_each(wide.shape(), [&](auto... at) { to(at...) = left(at...) + right(at...); });
}

void find_not_finite(const ConstTensorView& x, const TensorView& found) {
  const double* const values = x.data<double>();
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    if (!std::isfinite(values[i])) *found.data<std::int32_t>() = 1;
  }
}

}  // namespace odin::reference
