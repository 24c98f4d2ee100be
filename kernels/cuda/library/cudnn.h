// cuDNN's handle and the descriptors of its graph API.
#pragma once

#include <cstdint>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cudnn_graph.h>

#include "kernels/cuda/runtime/handle.h"
#include "kernels/cuda/runtime/status.h"
#include "kernels/cuda/runtime/view.h"

namespace odin::cuda {

// cuDNN's name of the status, and its log entry for the last failure.
std::string cudnn_message(cudnnStatus_t status);
// Whether memory, of the GPU or of the host, has run out.
bool is_out_of_memory(cudnnStatus_t status);

class CudnnHandle {
 public:
  CudnnHandle();

  cudnnHandle_t get() const { return handle_.get(); }
  void set_stream(Stream stream);

 private:
  Handle<cudnnHandle_t, cudnnDestroy> handle_;
};

// A descriptor of cuDNN's graph API: set() fills it, finalize() makes it constant.
class CudnnDescriptor {
 public:
  explicit CudnnDescriptor(cudnnBackendDescriptorType_t type);

  cudnnBackendDescriptor_t get() const { return descriptor_.get(); }

  void set(cudnnBackendAttributeName_t name, std::span<const std::int64_t> values);
  void set(cudnnBackendAttributeName_t name, std::int64_t value) { set(name, {&value, 1}); }
  void set(cudnnBackendAttributeName_t name, bool value) {
    set_raw(name, CUDNN_TYPE_BOOLEAN, 1, &value);
  }
  void set(cudnnBackendAttributeName_t name, float value) {
    set_raw(name, CUDNN_TYPE_FLOAT, 1, &value);
  }
  void set(cudnnBackendAttributeName_t name, cudnnDataType_t value) {
    set_raw(name, CUDNN_TYPE_DATA_TYPE, 1, &value);
  }
  void set(cudnnBackendAttributeName_t name, cudnnConvolutionMode_t value) {
    set_raw(name, CUDNN_TYPE_CONVOLUTION_MODE, 1, &value);
  }
  void set(cudnnBackendAttributeName_t name, cudnnPointwiseMode_t value) {
    set_raw(name, CUDNN_TYPE_POINTWISE_MODE, 1, &value);
  }
  void set(cudnnBackendAttributeName_t name, cudnnBackendHeurMode_t value) {
    set_raw(name, CUDNN_TYPE_HEUR_MODE, 1, &value);
  }
  void set(cudnnBackendAttributeName_t name, cudnnHandle_t value) {
    set_raw(name, CUDNN_TYPE_HANDLE, 1, &value);
  }
  void set(cudnnBackendAttributeName_t name, std::string_view text) {
    set_raw(name, CUDNN_TYPE_CHAR, static_cast<std::int64_t>(text.size()), text.data());
  }
  void set(cudnnBackendAttributeName_t name, const CudnnDescriptor& value) {
    const cudnnBackendDescriptor_t raw = value.get();
    set_raw(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &raw);
  }
  void set_descriptors(cudnnBackendAttributeName_t name,
                       std::span<const cudnnBackendDescriptor_t> values) {
    set_raw(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, static_cast<std::int64_t>(values.size()),
            values.data());
  }
  void set_pointers(cudnnBackendAttributeName_t name, std::span<void* const> pointers) {
    set_raw(name, CUDNN_TYPE_VOID_PTR, static_cast<std::int64_t>(pointers.size()), pointers.data());
  }

  void finalize();
  // Finalises, and returns whether that worked. If cuDNN supports what the descriptor asks for but
  // fails all the same (an engine that cannot be compiled or loaded), sets `failure` to what it
  // says. Throws OutOfMemory, and Error for a descriptor that was filled wrongly.
  bool try_finalize(std::string& failure);

  std::int64_t get_int64(cudnnBackendAttributeName_t name) const;
  // All descriptors of one type.
  std::vector<CudnnDescriptor> get_descriptors(cudnnBackendAttributeName_t name,
                                               cudnnBackendDescriptorType_t type) const;
  std::vector<cudnnBackendNumericalNote_t> get_notes(cudnnBackendAttributeName_t name) const;

 private:
  void set_raw(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
               std::int64_t count, const void* values);

  Handle<cudnnBackendDescriptor_t, cudnnBackendDestroyDescriptor> descriptor_;
};

}  // namespace odin::cuda

// As ODIN_CUDA_CHECK.
#define ODIN_CUDNN_CHECK(call, ...)                                                               \
  do {                                                                                            \
    if (const cudnnStatus_t odin_status = (call); odin_status != CUDNN_STATUS_SUCCESS)            \
        [[unlikely]] {                                                                            \
      ::odin::cuda::fail_library("cuDNN", ::odin::cuda::cudnn_message(odin_status),               \
                                 ::odin::cuda::is_out_of_memory(odin_status), #call,              \
                                 ::fmt::format("" __VA_ARGS__), std::source_location::current()); \
    }                                                                                             \
  } while (false)
