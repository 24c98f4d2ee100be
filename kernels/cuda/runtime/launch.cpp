#include "kernels/cuda/runtime/launch.h"

#include <cstdlib>
#include <string>
#include <string_view>

#include <cxxabi.h>

#include "kernels/error.h"

namespace odin::cuda {
namespace {

std::string name_of(const void* kernel) {
  const char* mangled = nullptr;
  if (cudaFuncGetName(&mangled, kernel) != cudaSuccess || mangled == nullptr) return "a kernel";
  int status = 0;
  char* readable = abi::__cxa_demangle(mangled, nullptr, nullptr, &status);
  std::string name = status == 0 ? readable : mangled;
  std::free(readable);
  return name;
}

std::string to_string(dim3 extent) {
  return fmt::format("{} x {} x {}", extent.x, extent.y, extent.z);
}

}  // namespace

void fail_launch(const void* kernel, const Geometry& geometry, cudaError_t status) {
  cudaGetLastError();  // reported below, not to the next caller who checks
  const std::string_view file = geometry.file;
  const std::size_t folder = file.rfind("kernels/");
  const std::string sentence = fmt::format(
      "{}:{}: {} could not be launched on {} blocks of {} threads with {} bytes of shared memory: "
      "{} ({})",
      folder == std::string_view::npos ? file : file.substr(folder), geometry.line, name_of(kernel),
      to_string(geometry.grid), to_string(geometry.block), geometry.shared_bytes,
      cudaGetErrorName(status), cudaGetErrorString(status));
  // Kernels are loaded into the GPU's memory when they are first launched.
  if (status == cudaErrorMemoryAllocation) throw OutOfMemory(sentence);
  throw Error(sentence);
}

cudaError_t allow_shared_memory(const void* kernel, std::size_t bytes) {
  cudaFuncAttributes attributes{};
  const cudaError_t status = cudaFuncGetAttributes(&attributes, kernel);
  if (status != cudaSuccess) return status;
  const auto wanted = static_cast<int>(bytes);
  if (attributes.maxDynamicSharedSizeBytes >= wanted) return cudaSuccess;
  return cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, wanted);
}

void expect(bool condition, const char* sentence) {
  require(condition, "{}", sentence);
}

}  // namespace odin::cuda
