// The planes of tensors, for kernels that take images one by one.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernels/cpu/micro/kernel_table.h"
#include "kernels/cpu/spans.h"
#include "kernels/cpu/training/image_convolution.h"
#include "kernels/tensor_view.h"

namespace odin::cpu {

template <class T, class View>
ImagePlanes<T> planes_of(std::string_view name, const View& view) {
  return {view.template data<float>(), rows_of(name, view).stride};
}

inline std::int64_t pixels_of(const ConstTensorView& x) {
  return x.shape()[2] * x.shape()[3];
}

// The planes of a view from image `first` on, for kernels, which only read those that are constant.
template <class View>
Planes planes_from(const View& view, std::int64_t first) {
  const std::int64_t stride = view.strides()[0];
  return {const_cast<float*>(view.template data<float>()) + first * stride,
          static_cast<long>(stride), static_cast<long>(pixels_of(view))};
}

}  // namespace odin::cpu
