#include "tests/cuda_on_cpu/cuda_runtime.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tests/cuda_on_cpu/calls.h"

namespace {

using Work = std::vector<std::function<void()>>;
using Clock = std::chrono::steady_clock;

thread_local cudaError_t g_last_error = cudaSuccess;
thread_local int g_device = 0;

std::size_t g_memory = std::size_t{4} << 30;
std::unordered_map<void*, std::size_t> g_allocated;  // bytes by address, of device memory
std::unordered_map<void*, std::size_t> g_pinned;     // the same of page-locked host memory
int g_captures = 0;                                  // streams that are being recorded
bool g_capture_is_spoilt = false;
int g_failing_graphs = 0;

// Copies from pageable memory that have not arrived.
struct StagedCopy {
  void* to;
  std::vector<std::byte> bytes;
};
std::vector<StagedCopy> g_staged;

cudaError_t remember(cudaError_t error) {
  if (error != cudaSuccess) g_last_error = error;
  return error;
}

int environment(const char* name, int otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? std::atoi(value) : otherwise;
}

int device_count() {
  return environment("ODIN_EMULATED_DEVICES", 1);
}

bool is_pinned(const void* memory) {
  const auto* byte = static_cast<const std::byte*>(memory);
  return std::any_of(g_pinned.begin(), g_pinned.end(), [byte](const auto& block) {
    const auto* begin = static_cast<const std::byte*>(block.first);
    return byte >= begin && byte < begin + block.second;
  });
}

void arrive() {
  for (const StagedCopy& copy : g_staged) {
    std::memcpy(copy.to, copy.bytes.data(), copy.bytes.size());
  }
  g_staged.clear();
}

void* allocate(std::size_t bytes) {
  constexpr std::size_t kAlignment = 256;
  // The exact size, so that AddressSanitizer knows the end.
  void* memory = nullptr;
  if (posix_memalign(&memory, kAlignment, bytes) != 0) return nullptr;
  return std::memset(memory, 0xFF, bytes);
}

// Calls that wait for the device are errors while a stream is being recorded, and spoil the
// recording.
cudaError_t unless_recording() {
  if (g_captures == 0) return cudaSuccess;
  g_capture_is_spoilt = true;
  return remember(cudaErrorStreamCaptureUnsupported);
}

}  // namespace

struct CUstream_st {
  bool capturing = false;
  Work captured;
};
struct CUevent_st {
  Clock::time_point time;
};
struct CUgraph_st {
  Work work;
};
struct CUgraphExec_st {
  Work work;
};

namespace emulated {

void set_last_error(cudaError_t error) {
  g_last_error = error;
}

void set_memory(std::size_t bytes) {
  g_memory = bytes;
}

std::size_t memory_used() {
  std::size_t used = 0;
  for (const auto& block : g_allocated) used += block.second;
  return used;
}

void fail_graphs(int count) {
  g_failing_graphs = count;
}

void launch(const void* kernel, dim3 grid, dim3 block, std::size_t shared_bytes,
            cudaStream_t stream, const std::function<void()>& body) {
  if (stream == nullptr || !stream->capturing) count_launch();
  submit(stream, [=] { launch(kernel, grid, block, shared_bytes, body); });
}

void submit(cudaStream_t stream, std::function<void()> work) {
  if (stream == nullptr) arrive();
  if (stream != nullptr && stream->capturing) {
    stream->captured.push_back(std::move(work));
  } else {
    work();
  }
}

}  // namespace emulated

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "cudaSuccess";
    case cudaErrorInvalidValue:
      return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorInvalidConfiguration:
      return "cudaErrorInvalidConfiguration";
    case cudaErrorNoDevice:
      return "cudaErrorNoDevice";
    case cudaErrorInvalidDevice:
      return "cudaErrorInvalidDevice";
    case cudaErrorStreamCaptureUnsupported:
      return "cudaErrorStreamCaptureUnsupported";
    case cudaErrorStreamCaptureInvalidated:
      return "cudaErrorStreamCaptureInvalidated";
  }
  return "unrecognized error code";
}
const char* cudaGetErrorString(cudaError_t error) {
  return cudaGetErrorName(error);
}
cudaError_t cudaGetLastError() {
  return std::exchange(g_last_error, cudaSuccess);
}
cudaError_t cudaFuncSetAttribute(const void* kernel, cudaFuncAttribute, int value) {
  constexpr int kMost = 227 * 1024;
  if (value < 0 || value > kMost) return remember(cudaErrorInvalidValue);
  emulated::allow_shared_memory(kernel, static_cast<std::size_t>(value));
  return cudaSuccess;
}
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* kernel) {
  attributes->maxDynamicSharedSizeBytes = static_cast<int>(emulated::allowed_shared_memory(kernel));
  return cudaSuccess;
}
cudaError_t cudaFuncGetName(const char** name, const void*) {
  *name = "a kernel";  // C++ does not know
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int* count) {
  *count = device_count();
  return *count > 0 ? cudaSuccess : remember(cudaErrorNoDevice);
}
cudaError_t cudaGetDevice(int* device) {
  *device = g_device;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
  if (device < 0 || device >= device_count()) return remember(cudaErrorInvalidDevice);
  g_device = device;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  if (device < 0 || device >= device_count()) return remember(cudaErrorInvalidDevice);
  *properties = {};
  std::strcpy(properties->name, "CUDA on CPU");
  properties->totalGlobalMem = g_memory;
  const int capability = environment("ODIN_EMULATED_CAPABILITY", 90);
  properties->major = capability / 10;
  properties->minor = capability % 10;
  properties->multiProcessorCount = 4;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  cudaDeviceProp properties;
  const cudaError_t error = cudaGetDeviceProperties(&properties, device);
  if (error != cudaSuccess) return error;
  *value = attribute == cudaDevAttrComputeCapabilityMajor ? properties.major : properties.minor;
  return cudaSuccess;
}
cudaError_t cudaDriverGetVersion(int* version) {
  *version = environment("ODIN_EMULATED_DRIVER", 13000);
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
  if (unless_recording() != cudaSuccess) return cudaErrorStreamCaptureUnsupported;
  const std::size_t used = emulated::memory_used();
  const bool fits = used <= g_memory && bytes <= g_memory - used;
  *memory = bytes == 0 || !fits ? nullptr : allocate(bytes);
  if (*memory != nullptr) g_allocated[*memory] = bytes;
  return bytes == 0 || *memory != nullptr ? cudaSuccess : remember(cudaErrorMemoryAllocation);
}
cudaError_t cudaFree(void* memory) {
  if (unless_recording() != cudaSuccess) return cudaErrorStreamCaptureUnsupported;
  arrive();  // freeing waits for the device
  if (memory != nullptr && g_allocated.erase(memory) == 0) return remember(cudaErrorInvalidValue);
  std::free(memory);
  return cudaSuccess;
}
cudaError_t cudaHostAlloc(void** memory, std::size_t bytes, unsigned) {
  *memory = bytes == 0 ? nullptr : allocate(bytes);
  if (*memory != nullptr) g_pinned[*memory] = bytes;
  return bytes == 0 || *memory != nullptr ? cudaSuccess : remember(cudaErrorMemoryAllocation);
}
cudaError_t cudaFreeHost(void* memory) {
  g_pinned.erase(memory);
  std::free(memory);
  return cudaSuccess;
}
cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  if (kind != cudaMemcpyHostToDevice) emulated::count_wait();
  arrive();
  if (bytes > 0 && kind == cudaMemcpyHostToDevice && !is_pinned(from)) {
    const auto* begin = static_cast<const std::byte*>(from);
    g_staged.push_back({to, {begin, begin + bytes}});
  } else if (bytes > 0) {
    std::memcpy(to, from, bytes);
  }
  return cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind,
                            cudaStream_t stream) {
  emulated::submit(stream, [=] {
    if (bytes > 0) std::memcpy(to, from, bytes);
  });
  return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t stream) {
  emulated::submit(stream, [=] {
    if (bytes > 0) std::memset(memory, value, bytes);
  });
  return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = new CUstream_st;
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete stream;
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  emulated::count_wait();
  if (stream == nullptr) arrive();
  return unless_recording();
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new CUevent_st;
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  emulated::submit(stream, [=] { event->time = Clock::now(); });
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t) {
  emulated::count_wait();
  return unless_recording();
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  *milliseconds = std::chrono::duration<float, std::milli>(end->time - start->time).count();
  return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  if (stream == nullptr || stream->capturing) return remember(cudaErrorInvalidValue);
  stream->capturing = true;
  if (g_captures++ == 0) g_capture_is_spoilt = false;
  return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  if (stream == nullptr || !stream->capturing) return remember(cudaErrorInvalidValue);
  stream->capturing = false;
  --g_captures;
  if (g_capture_is_spoilt) {
    stream->captured.clear();
    *graph = nullptr;
    return remember(cudaErrorStreamCaptureInvalidated);
  }
  *graph = new CUgraph_st{std::exchange(stream->captured, {})};
  return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph,
                                 unsigned long long) {
  if (g_failing_graphs > 0) {
    --g_failing_graphs;
    return remember(cudaErrorMemoryAllocation);
  }
  *executable = new CUgraphExec_st{graph->work};
  return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  emulated::count_launch();
  const cudaError_t before = std::exchange(g_last_error, cudaSuccess);
  for (const auto& work : executable->work) emulated::submit(stream, work);
  const cudaError_t during = std::exchange(g_last_error, before);
  return remember(during);  // of a refused launch
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  delete executable;
  return cudaSuccess;
}
