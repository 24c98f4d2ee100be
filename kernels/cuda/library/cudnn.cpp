#include "kernels/cuda/library/cudnn.h"

#include <array>

namespace odin::cuda {

std::string cudnn_message(cudnnStatus_t status) {
  std::array<char, 512> last{};
  cudnnGetLastErrorString(last.data(), last.size());
  return last[0] == '\0' ? cudnnGetErrorString(status)
                         : fmt::format("{} ({})", cudnnGetErrorString(status), last.data());
}

CudnnHandle::CudnnHandle() {
  ODIN_CUDNN_CHECK(cudnnCreate(handle_.to_create()));
}

void CudnnHandle::set_stream(Stream stream) {
  ODIN_CUDNN_CHECK(cudnnSetStream(handle_.get(), stream));
}

CudnnDescriptor::CudnnDescriptor(cudnnBackendDescriptorType_t type) {
  ODIN_CUDNN_CHECK(cudnnBackendCreateDescriptor(type, descriptor_.to_create()), "type {}",
                   static_cast<int>(type));
}

void CudnnDescriptor::set(cudnnBackendAttributeName_t name, std::span<const std::int64_t> values) {
  set_raw(name, CUDNN_TYPE_INT64, static_cast<std::int64_t>(values.size()), values.data());
}

void CudnnDescriptor::set_raw(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                              std::int64_t count, const void* values) {
  ODIN_CUDNN_CHECK(cudnnBackendSetAttribute(descriptor_.get(), name, type, count, values),
                   "attribute {}", static_cast<int>(name));
}

void CudnnDescriptor::finalize() {
  ODIN_CUDNN_CHECK(cudnnBackendFinalize(descriptor_.get()));
}

bool CudnnDescriptor::try_finalize() {
  const cudnnStatus_t status = cudnnBackendFinalize(descriptor_.get());
  // 3000 to 3999 are the reasons why something is not supported.
  if (status / 1000 == CUDNN_STATUS_NOT_SUPPORTED / 1000) return false;
  ODIN_CUDNN_CHECK(status);
  return true;
}

std::int64_t CudnnDescriptor::get_int64(cudnnBackendAttributeName_t name) const {
  std::int64_t value = 0;
  std::int64_t count = 0;
  ODIN_CUDNN_CHECK(
      cudnnBackendGetAttribute(descriptor_.get(), name, CUDNN_TYPE_INT64, 1, &count, &value),
      "attribute {}", static_cast<int>(name));
  return value;
}

std::vector<CudnnDescriptor> CudnnDescriptor::get_descriptors(
    cudnnBackendAttributeName_t name, cudnnBackendDescriptorType_t type) const {
  std::int64_t count = 0;
  ODIN_CUDNN_CHECK(cudnnBackendGetAttribute(descriptor_.get(), name, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                                            0, &count, nullptr),
                   "attribute {}", static_cast<int>(name));
  std::vector<CudnnDescriptor> found;
  std::vector<cudnnBackendDescriptor_t> raw;
  for (std::int64_t i = 0; i < count; ++i) raw.push_back(found.emplace_back(type).get());
  if (count > 0) {
    ODIN_CUDNN_CHECK(
        cudnnBackendGetAttribute(descriptor_.get(), name, CUDNN_TYPE_BACKEND_DESCRIPTOR, count,
                                 &count, raw.data()),
        "attribute {}", static_cast<int>(name));
  }
  found.erase(found.begin() + count, found.end());
  return found;
}

std::vector<cudnnBackendNumericalNote_t> CudnnDescriptor::get_notes(
    cudnnBackendAttributeName_t name) const {
  std::vector<cudnnBackendNumericalNote_t> notes(CUDNN_NUMERICAL_NOTE_TYPE_COUNT);
  std::int64_t count = 0;
  ODIN_CUDNN_CHECK(
      cudnnBackendGetAttribute(descriptor_.get(), name, CUDNN_TYPE_NUMERICAL_NOTE,
                               static_cast<std::int64_t>(notes.size()), &count, notes.data()),
      "attribute {}", static_cast<int>(name));
  notes.resize(static_cast<std::size_t>(count));
  return notes;
}

}  // namespace odin::cuda
