// Constants of a plan in device memory.
#pragma once

#include <vector>

#include "kernels/cuda/runtime/memory.h"
#include "kernels/cuda/runtime/view.h"
#include "kernels/plan.h"

namespace odin::cuda {

// Copies values to device memory; when this returns, every stream can read them.
void upload(const float* values, std::size_t count, void* to);
// The same into a new buffer, which is empty for no values.
DeviceBuffer upload(const std::vector<float>& values);

// Scale and shift of a normalisation on the device.
class DeviceAffine {
 public:
  DeviceAffine() = default;  // the identity
  explicit DeviceAffine(const Normalisation& normalisation);

  Affine get() const { return {scale_.as<float>(), shift_.as<float>(), relu_}; }

 private:
  DeviceBuffer scale_;
  DeviceBuffer shift_;
  bool relu_ = false;
};

}  // namespace odin::cuda
