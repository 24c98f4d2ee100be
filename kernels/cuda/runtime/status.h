// The check of every status that CUDA returns.
#pragma once

#include <source_location>
#include <string>
#include <string_view>

#include <cuda_runtime.h>
#include <fmt/format.h>

#include "kernels/error.h"

namespace odin::cuda {

// Throws Error, or OutOfMemory for that status; the message names the call, the file and line, and
// the sizes.
[[noreturn]] void fail_status(cudaError_t status, const char* call, const std::string& sizes,
                              const std::source_location& where);

// The same for a library with its own statuses.
[[noreturn]] void fail_library(std::string_view library, std::string_view status,
                               bool out_of_memory, const char* call, const std::string& sizes,
                               const std::source_location& where);

// "kernels/cuda/runtime/memory.cpp:31", whatever folder the source was compiled in.
std::string place(const std::source_location& where);

}  // namespace odin::cuda

// ODIN_CUDA_CHECK(cudaMalloc(&p, n), "{} bytes", n): the rest of the arguments says the sizes, and
// is formatted only after a failure.
#define ODIN_CUDA_CHECK(call, ...)                                                         \
  do {                                                                                     \
    if (const cudaError_t odin_status = (call); odin_status != cudaSuccess) [[unlikely]] { \
      ::odin::cuda::fail_status(odin_status, #call, ::fmt::format("" __VA_ARGS__),         \
                                std::source_location::current());                          \
    }                                                                                      \
  } while (false)
