// Runs kernels that were compiled as plain C++. Every CUDA thread of a block is a fiber on the one
// ordinary thread that launches; blocks run one after another. What CUDA leaves undefined is an
// error here:
// - barriers and warp operations that some threads never reach,
// - shared memory read before it is written (it starts as NaN),
// - asynchronous copies used before they are waited for.
//
// Under AddressSanitizer shared memory has red zones. Under ThreadSanitizer the fibers are threads
// that only barriers, __syncwarp and launches order, so a missing barrier is reported as a race.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>

struct uint3 {
  unsigned x, y, z;
};
struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

// The running CUDA thread's place. Set whenever a fiber is resumed, so a debugger can use them:
// break plain.cu:40 if threadIdx.x == 3 && blockIdx.x == 1
inline thread_local uint3 threadIdx{};
inline thread_local uint3 blockIdx{};
inline thread_local dim3 blockDim{};
inline thread_local dim3 gridDim{};

namespace emulated {

// What a kernel did that CUDA leaves undefined. Thrown by launch().
class KernelError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Runs `body` once per thread of the grid. For a geometry that hardware would refuse, it sets the
// error that cudaGetLastError() returns.
void launch(const void* kernel, dim3 grid, dim3 block, std::size_t shared_bytes,
            const std::function<void()>& body);
// Dynamic shared memory beyond 48 KB needs the kernel's permission, as on hardware.
void allow_shared_memory(const void* kernel, std::size_t bytes);
std::size_t allowed_shared_memory(const void* kernel);

// --- called by kernels ---------------------------------------------------------------------------
// __syncthreads()
void block_barrier(const char* file, int line);

// The data that a lane brings to a warp operation.
struct Slot {
  std::uint32_t word[12];
};
// The lanes in `mask` meet in `operation`. Each gets the 32 slots, which are valid until its next
// meeting. Orders memory between the lanes only if `orders_memory`.
const Slot* meet(unsigned mask, const char* operation, const Slot& mine, bool orders_memory,
                 const char* file, int line);
unsigned lane();

// The block's dynamic shared memory.
void* dynamic_shared();
// The block's static shared memory of this key.
void* static_shared(const void* key, std::size_t bytes);

// cp.async: copies `copied` bytes from `from`, then zeros up to `total`, when it is waited for;
// total is 4, 8 or 16.
void async_copy(void* to, const void* from, std::size_t copied, std::size_t total);
void async_commit();
// Waits until at most `pending` committed groups are under way.
void async_wait(int pending);

// fence.proxy.async: warpgroup products may read what the thread has written to shared memory,
// after a barrier.
void proxy_fence();
// The block's shared memory. Addresses in matrix descriptors are distances from `origin`; the block
// owns [begin, end).
struct SharedWindow {
  const std::byte* origin;
  std::uint32_t begin;
  std::uint32_t end;
};
SharedWindow shared_window();
std::uint32_t shared_address(const void* memory);
// The running thread's products (emulated_warpgroup.h).
class WarpgroupProducts;
WarpgroupProducts& products();
// Its place in the block.
unsigned thread_index();
// The matrices of the running warpgroup's n-th product. Throws KernelError unless they are the same
// for all its threads, and unless the product can see everything written to shared memory.
struct Matrices {
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  int columns = 0;
  bool operator==(const Matrices&) const = default;
};
void check_product(std::size_t n, const Matrices& matrices);

}  // namespace emulated
