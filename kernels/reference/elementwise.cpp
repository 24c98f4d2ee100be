#include "kernels/reference/backend.h"
#include "kernels/reference/loops.h"

namespace odin::reference {
namespace {

// Adds leading axes of one element to a view of rank below four: one loop nest serves all ranks.
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

void ReferenceBackend::do_fill(TensorView y, double value) {
  const TensorView wide = with_four_axes(y);
  const auto to = wide.elements<double>();
  for_each(wide.shape(), [&](auto... at) { to(at...) = value; });
}

void ReferenceBackend::do_copy(ConstTensorView x, TensorView y) {
  const TensorView wide = with_four_axes(y);
  const auto from = with_four_axes(x).elements<double>();
  const auto to = wide.elements<double>();
  for_each(wide.shape(), [&](auto... at) { to(at...) = from(at...); });
}

void ReferenceBackend::do_add(ConstTensorView a, ConstTensorView b, TensorView y) {
  const TensorView wide = with_four_axes(y);
  const auto left = with_four_axes(a).elements<double>();
  const auto right = with_four_axes(b).elements<double>();
  const auto to = wide.elements<double>();
  for_each(wide.shape(), [&](auto... at) { to(at...) = left(at...) + right(at...); });
}

}  // namespace odin::reference
