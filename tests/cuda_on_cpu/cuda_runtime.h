// The parts of CUDA's language and run-time library that our kernels and the code around them use, as
// plain C++. With this folder first on the include path, this header replaces the toolkit's.
// "Device memory" is host memory, streams do their work at once, and a captured graph is the list of
// queued work, replayed when launched. A cudaMemcpy from memory that is not page-locked arrives as late
// as CUDA allows: when the default stream is next waited for or given work.
//
// Environment variables describe the machine: ODIN_EMULATED_DEVICES (the number of GPUs),
// ODIN_EMULATED_DRIVER (13000 is CUDA 13.0's, 0 means none), ODIN_EMULATED_CAPABILITY (90 is compute
// capability 9.0).
#pragma once

#define ODIN_CUDA_EMULATED

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <type_traits>

#include "tests/cuda_on_cpu/emulator.h"

// --- the language --------------------------------------------------------------------------------
#define __global__
#define __device__
#define __host__
#define __constant__ static const
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __grid_constant__
#define __align__(n) alignas(n)

struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(8) uint2 {
  unsigned x, y;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
struct alignas(16) double2 {
  double x, y;
};
inline float2 make_float2(float x, float y) {
  return {x, y};
}
inline float4 make_float4(float x, float y, float z, float w) {
  return {x, y, z, w};
}
inline uint2 make_uint2(unsigned x, unsigned y) {
  return {x, y};
}
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) {
  return {x, y, z, w};
}

using std::max;
using std::min;

// --- barriers, shuffles and votes ----------------------------------------------------------------
inline void __syncthreads(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  emulated::block_barrier(file, line);
}
inline void __syncwarp(unsigned mask = 0xffffffffu, const char* file = __builtin_FILE(),
                       int line = __builtin_LINE()) {
  emulated::meet(mask, "__syncwarp", {}, true, file, line);
}

namespace emulated {

template <class T>
Slot to_slot(const T& value) {
  static_assert(sizeof(T) <= sizeof(Slot) && std::is_trivially_copyable_v<T>);
  Slot slot{};
  __builtin_memcpy(&slot, &value, sizeof(T));
  return slot;
}
template <class T>
T from_slot(const Slot& slot) {
  T value;
  __builtin_memcpy(&value, &slot, sizeof(T));
  return value;
}

// The value that lane `source` brought to a shuffle.
template <class T>
T shuffle(unsigned mask, const char* operation, T value, unsigned source, const char* file,
          int line) {
  const Slot* slots = meet(mask, operation, to_slot(value), false, file, line);
  if ((mask >> source & 1u) == 0) throw KernelError("a shuffle reads from a lane not in its mask");
  return from_slot<T>(slots[source]);
}

// The values of all lanes in the mask, combined.
template <class T, class Combine>
T reduce(unsigned mask, const char* operation, T value, Combine combine, const char* file,
         int line) {
  const Slot* slots = meet(mask, operation, to_slot(value), false, file, line);
  T result{};
  bool first = true;
  for (unsigned i = 0; i < 32; ++i) {
    if ((mask >> i & 1u) == 0) continue;
    result = first ? from_slot<T>(slots[i]) : combine(result, from_slot<T>(slots[i]));
    first = false;
  }
  return result;
}

}  // namespace emulated

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32,
              const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  const unsigned lane = emulated::lane();
  const auto w = static_cast<unsigned>(width);
  return emulated::shuffle(mask, "__shfl_sync", value,
                           lane / w * w + static_cast<unsigned>(source) % w, file, line);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32,
                   const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  const unsigned lane = emulated::lane();
  const auto w = static_cast<unsigned>(width);
  return emulated::shuffle(mask, "__shfl_down_sync", value,
                           lane % w + delta < w ? lane + delta : lane, file, line);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32,
                 const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  const unsigned lane = emulated::lane();
  const auto w = static_cast<unsigned>(width);
  return emulated::shuffle(mask, "__shfl_up_sync", value, lane % w >= delta ? lane - delta : lane,
                           file, line);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = 32,
                  const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  const unsigned lane = emulated::lane();
  const auto w = static_cast<unsigned>(width);
  const unsigned source = lane ^ static_cast<unsigned>(lanes);
  return emulated::shuffle(mask, "__shfl_xor_sync", value, source / w <= lane / w ? source : lane,
                           file, line);
}
inline unsigned __ballot_sync(unsigned mask, int predicate, const char* file = __builtin_FILE(),
                              int line = __builtin_LINE()) {
  const unsigned own = predicate != 0 ? 1u << emulated::lane() : 0;
  return emulated::reduce(
      mask, "__ballot_sync", own, [](unsigned a, unsigned b) { return a | b; }, file, line);
}
inline int __any_sync(unsigned mask, int predicate, const char* file = __builtin_FILE(),
                      int line = __builtin_LINE()) {
  return emulated::reduce(
      mask, "__any_sync", int{predicate != 0}, [](int a, int b) { return a | b; }, file, line);
}
inline int __all_sync(unsigned mask, int predicate, const char* file = __builtin_FILE(),
                      int line = __builtin_LINE()) {
  return emulated::reduce(
      mask, "__all_sync", int{predicate != 0}, [](int a, int b) { return a & b; }, file, line);
}
template <class T>
T __reduce_add_sync(unsigned mask, T value, const char* file = __builtin_FILE(),
                    int line = __builtin_LINE()) {
  return emulated::reduce(
      mask, "__reduce_add_sync", value, [](T a, T b) { return static_cast<T>(a + b); }, file, line);
}

// --- atomics, loads and arithmetic ---------------------------------------------------------------
// (Fibers are never interrupted; the built-in tells ThreadSanitizer that the access is atomic.)
inline unsigned atomicAdd(unsigned* address, unsigned value) {
  return __atomic_fetch_add(address, value, __ATOMIC_RELAXED);
}
inline int atomicAdd(int* address, int value) {
  return __atomic_fetch_add(address, value, __ATOMIC_RELAXED);
}
inline float atomicAdd(float* address, float value) {
  float old;
  __atomic_load(address, &old, __ATOMIC_RELAXED);
  float sum = old + value;
  __atomic_store(address, &sum, __ATOMIC_RELAXED);
  return old;
}
inline unsigned atomicOr(unsigned* address, unsigned value) {
  return __atomic_fetch_or(address, value, __ATOMIC_RELAXED);
}
template <class T>
T __ldg(const T* address) {
  return *address;
}
inline float __expf(float x) {
  return std::exp(x);
}
inline float __logf(float x) {
  return std::log(x);
}
inline float __fdividef(float x, float y) {
  return x / y;
}
inline float rsqrtf(float x) {
  return 1.0f / std::sqrt(x);
}
inline unsigned __float_as_uint(float x) {
  unsigned bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  return bits;
}
inline float __uint_as_float(unsigned bits) {
  float x;
  __builtin_memcpy(&x, &bits, sizeof x);
  return x;
}
inline int __popc(unsigned x) {
  return __builtin_popcount(x);
}

// --- the run-time library ------------------------------------------------------------------------
enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInvalidConfiguration = 9,
  cudaErrorNoDevice = 100,
  cudaErrorInvalidDevice = 101,
  cudaErrorNotReady = 600,
  cudaErrorStreamCaptureUnsupported = 900,
};
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize = 8 };
struct cudaFuncAttributes {
  int maxDynamicSharedSizeBytes;
};
enum cudaDeviceAttr {
  cudaDevAttrComputeCapabilityMajor = 75,
  cudaDevAttrComputeCapabilityMinor = 76,
};
enum cudaMemcpyKind {
  cudaMemcpyHostToHost = 0,
  cudaMemcpyHostToDevice = 1,
  cudaMemcpyDeviceToHost = 2,
  cudaMemcpyDeviceToDevice = 3,
  cudaMemcpyDefault = 4,
};
enum cudaStreamCaptureMode {
  cudaStreamCaptureModeGlobal,
  cudaStreamCaptureModeThreadLocal,
  cudaStreamCaptureModeRelaxed
};
constexpr unsigned cudaStreamNonBlocking = 1;
constexpr unsigned cudaEventDefault = 0;
constexpr unsigned cudaEventDisableTiming = 2;
constexpr unsigned cudaHostAllocDefault = 0;

struct CUstream_st;
struct CUevent_st;
struct CUgraph_st;
struct CUgraphExec_st;
using cudaStream_t = CUstream_st*;
using cudaEvent_t = CUevent_st*;
using cudaGraph_t = CUgraph_st*;
using cudaGraphExec_t = CUgraphExec_st*;

struct cudaDeviceProp {
  char name[256];
  std::size_t totalGlobalMem;
  std::size_t sharedMemPerBlockOptin;
  int major;
  int minor;
  int multiProcessorCount;
  int l2CacheSize;
};

#define CUDART_VERSION 13000

namespace emulated {

void set_last_error(cudaError_t error);
// The size of device memory (4 GiB unless a test sets another), and how much of it is in use.
void set_memory(std::size_t bytes);
std::size_t memory_used();
// Instantiating the next `count` recorded graphs fails for lack of memory.
void fail_graphs(int count);
// Does the work now or, while the stream is being captured, adds it to the graph.
void submit(cudaStream_t stream, std::function<void()> work);

void launch(const void* kernel, dim3 grid, dim3 block, std::size_t shared_bytes,
            cudaStream_t stream, const std::function<void()>& body);

}  // namespace emulated

const char* cudaGetErrorName(cudaError_t error);
const char* cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetLastError();
cudaError_t cudaPeekAtLastError();
cudaError_t cudaFuncSetAttribute(const void* kernel, cudaFuncAttribute attribute, int value);
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* kernel);
cudaError_t cudaFuncGetName(const char** name, const void* kernel);

// One device, or as many as the environment variable ODIN_EMULATED_DEVICES says.
cudaError_t cudaGetDeviceCount(int* count);
cudaError_t cudaGetDevice(int* device);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device);
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device);
cudaError_t cudaDriverGetVersion(int* version);
cudaError_t cudaRuntimeGetVersion(int* version);
cudaError_t cudaDeviceSynchronize();
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total);

// Aligned to 256 bytes and filled with NaN.
cudaError_t cudaMalloc(void** memory, std::size_t bytes);
cudaError_t cudaFree(void* memory);
cudaError_t cudaHostAlloc(void** memory, std::size_t bytes, unsigned flags);
cudaError_t cudaFreeHost(void* memory);
cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind);
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream);
cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t stream);

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags = 0);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end);

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode);
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph);
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph,
                                 unsigned long long flags = 0);
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream);
cudaError_t cudaGraphDestroy(cudaGraph_t graph);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable);
