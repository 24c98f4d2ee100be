// The one way to start a kernel. Compiled by nvcc it is <<<>>>. Compiled as plain C++ (with
// tests/cuda_on_cpu first on the include path) the kernel runs immediately, on fibers.
#pragma once

#include <cstdint>
#include <type_traits>

#include <cuda_runtime.h>

namespace odin::cuda {

// The number of blocks and of their threads, the bytes of dynamic shared memory, the stream, and
// the place in our sources (for errors).
struct Geometry {
  Geometry(dim3 grid_, dim3 block_, std::size_t shared_bytes_, cudaStream_t stream_,
           const char* file_ = __builtin_FILE(), int line_ = __builtin_LINE())
      : grid(grid_),
        block(block_),
        shared_bytes(shared_bytes_),
        stream(stream_),
        file(file_),
        line(line_) {}

  dim3 grid;
  dim3 block;
  std::size_t shared_bytes;
  cudaStream_t stream;
  const char* file;
  int line;
};

// Throws Error naming the kernel (by its address), file, line and sizes.
[[noreturn]] void fail_launch(const void* kernel, const Geometry& geometry, cudaError_t status);
// Lets the kernel be launched with `bytes` of dynamic shared memory. A larger earlier allowance
// stays: a recorded launch may need it.
cudaError_t allow_shared_memory(const void* kernel, std::size_t bytes);
// Throws Error with the sentence unless the condition holds.
void expect(bool condition, const char* sentence);

#if defined(__CUDACC__) || defined(ODIN_CUDA_EMULATED)
// A grid without blocks starts nothing. Throws Error if CUDA refuses the launch; an error inside
// the kernel is found at the next synchronisation.
template <class... Parameters>
void launch(void (*kernel)(Parameters...), const Geometry& geometry,
            const std::type_identity_t<Parameters>&... arguments) {
  if (geometry.grid.x == 0 || geometry.grid.y == 0 || geometry.grid.z == 0) return;
  const void* address = reinterpret_cast<const void*>(kernel);
  constexpr std::size_t kWithoutAsking = 48 * 1024;  // beyond it a kernel must opt in
  if (geometry.shared_bytes > kWithoutAsking) {
    const cudaError_t status = allow_shared_memory(address, geometry.shared_bytes);
    if (status != cudaSuccess) fail_launch(address, geometry, status);
  }
#ifdef __CUDACC__
  kernel<<<geometry.grid, geometry.block, geometry.shared_bytes, geometry.stream>>>(arguments...);
#else
  emulated::launch(address, geometry.grid, geometry.block, geometry.shared_bytes, geometry.stream,
                   [=] { kernel(arguments...); });
#endif
  const cudaError_t status = cudaGetLastError();
  if (status != cudaSuccess) fail_launch(address, geometry, status);
}
#endif

// Blocks that cover `count` items, `per_block` each.
inline std::int64_t blocks_for(std::int64_t count, std::int64_t per_block) {
  return (count + per_block - 1) / per_block;
}

}  // namespace odin::cuda
