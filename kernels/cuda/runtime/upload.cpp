#include "kernels/cuda/runtime/upload.h"

#include <cuda_runtime.h>

#include "kernels/cuda/runtime/status.h"
#include "kernels/cuda/runtime/stream.h"

namespace odin::cuda {

void upload(const float* values, std::size_t count, void* to) {
  if (count == 0) return;
  const std::size_t bytes = count * sizeof(float);
  ODIN_CUDA_CHECK(cudaMemcpy(to, values, bytes, cudaMemcpyHostToDevice), "{} bytes", bytes);
  // From pageable memory cudaMemcpy returns when the values are staged, not when they have arrived,
  // and our streams do not wait for the default stream, on which it runs.
  synchronize(nullptr);
}

DeviceBuffer upload(const std::vector<float>& values) {
  DeviceBuffer buffer(values.size() * sizeof(float));
  upload(values.data(), values.size(), buffer.data());
  return buffer;
}

DeviceAffine::DeviceAffine(const Normalisation& normalisation)
    : scale_(upload(normalisation.scale)),
      shift_(upload(normalisation.shift)),
      relu_(normalisation.relu) {}

}  // namespace odin::cuda
