// Constants of a plan in device memory.
#pragma once

#include <vector>

#include "kernels/cuda/memory.h"
#include "kernels/cuda/view.h"
#include "kernels/plan.h"

namespace odin::cuda {

// Copies values to the device; they are there when this returns. An empty buffer for no values.
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
