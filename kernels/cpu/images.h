// How the CPU's kernels see a tensor of images: image after image, each of planes without gaps.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernels/cpu/micro/kernel_table.h"
#include "kernels/cpu/spans.h"
#include "kernels/tensor_view.h"
#include "kernels/thread_pool.h"

namespace odin::cpu {

template <class T>
struct Images {
  T* data = nullptr;
  std::int64_t stride = 0;  // elements from image to image

  T* image(std::int64_t n) const { return data + n * stride; }
  // Plane c of image n, of planes of `pixels`.
  T* plane(std::int64_t n, std::int64_t c, std::int64_t pixels) const {
    return image(n) + c * pixels;
  }
  // From image n on.
  Images operator+(std::int64_t n) const { return {image(n), stride}; }
  operator Images<const T>() const { return {data, stride}; }
};

// Throws Error, which names the operand, if an image has gaps.
inline Images<const float> images_of(std::string_view name, const ConstTensorView& view) {
  return {view.data<float>(), rows_of(name, view).stride};
}
inline Images<float> images_of(std::string_view name, const TensorView& view) {
  return {view.data<float>(), rows_of(name, view).stride};
}

// Of a plane.
inline std::int64_t pixels_of(const ConstTensorView& view) {
  return view.shape()[2] * view.shape()[3];
}

// Calls task(n, c) for every plane of an activation (N, C, H, W), all of an image on one thread.
template <class Task>
void for_each_plane(ThreadPool& pool, const ConstTensorView& activation, Task&& task) {
  pool.run(activation.shape()[0], [&](std::int64_t n, int) {
    for (std::int64_t c = 0; c < activation.shape()[1]; ++c) task(n, c);
  });
}

// The images as kernels take them, with `plane` floats from plane to plane. A kernel only reads
// those that are constant.
inline Planes planes_of(Images<const float> images, std::int64_t plane) {
  return {const_cast<float*>(images.data), static_cast<long>(images.stride),
          static_cast<long>(plane)};
}

}  // namespace odin::cpu
