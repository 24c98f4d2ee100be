#include "kernels/cuda/upload.h"

#include <cuda_runtime.h>

#include "kernels/cuda/status.h"

namespace odin::cuda {

DeviceBuffer upload(const std::vector<float>& values) {
  DeviceBuffer buffer(values.size() * sizeof(float));
  if (!values.empty()) {
    ODIN_CUDA_CHECK(cudaMemcpy(buffer.data(), values.data(), buffer.size(), cudaMemcpyHostToDevice),
                    "{} bytes", buffer.size());
  }
  return buffer;
}

DeviceAffine::DeviceAffine(const Normalisation& normalisation)
    : scale_(upload(normalisation.scale)),
      shift_(upload(normalisation.shift)),
      relu_(normalisation.relu) {}

}  // namespace odin::cuda
