#include "kernels/cuda/library/cudnn.h"

#include <array>

namespace odin::cuda {

std::string cudnn_message(cudnnStatus_t status) {
  std::array<char, 512> last{};
  cudnnGetLastErrorString(last.data(), last.size());
  return last[0] == '\0' ? cudnnGetErrorString(status)
                         : fmt::format("{} ({})", cudnnGetErrorString(status), last.data());
}

bool is_out_of_memory(cudnnStatus_t status) {
  return status == CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED ||
         status == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED;
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

bool CudnnDescriptor::try_finalize(std::string& failure) {
  const cudnnStatus_t status = cudnnBackendFinalize(descriptor_.get());
  if (status == CUDNN_STATUS_SUCCESS) return true;
  const auto kind = [](int code) { return code / 1000; };  // 3000 to 3999: what is not supported
  if (is_out_of_memory(status) || kind(status) == kind(CUDNN_STATUS_BAD_PARAM)) {
    ODIN_CUDNN_CHECK(status);
  }
  if (kind(status) != kind(CUDNN_STATUS_NOT_SUPPORTED)) failure = cudnn_message(status);
  cudaGetLastError();  // otherwise the next check of a launch would find it
  return false;
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
