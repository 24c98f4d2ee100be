// The planes of tensors, for kernels that take images one by one.
#pragma once

#include <cstdint>

#include "kernels/cpu/images.h"
#include "kernels/cpu/micro/kernel_table.h"
#include "kernels/tensor_view.h"

namespace odin::cpu {

// The planes of a view from image `first` on, for kernels, which only read those that are constant.
template <class View>
Planes planes_from(const View& view, std::int64_t first) {
  const std::int64_t stride = view.strides()[0];
  return {const_cast<float*>(view.template data<float>()) + first * stride,
          static_cast<long>(stride), static_cast<long>(pixels_of(view))};
}

}  // namespace odin::cpu
