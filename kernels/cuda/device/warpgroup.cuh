// Hopper's matrix products: four neighbouring warps, a warpgroup, multiply two matrices in shared
// memory while the threads do something else. PTX ISA 8.0 and later, "Asynchronous warpgroup level
// matrix instructions"; compute capability 9.0a only. Compiled as plain C++ they call the
// emulation.
//
// Call in this order:
// 1. publish_to_products() in every thread that has written shared memory, then a barrier;
// 2. begin_products(), the products, commit_products();
// 3. wait_for_products() before the matrices are overwritten;
// 4. settle() for each sum before it is read.
#pragma once

#include "kernels/cuda/device/tensor_core.cuh"

#ifndef __CUDACC__
#include <emulated_warpgroup.h>
#endif

namespace odin::cuda {

constexpr int kWarpgroup = 128;  // threads

// Rows of 128 bytes, for products: chunk c of row r is stored in the place of chunk c ^ (r % 8).
// The hardware calls this a swizzle of 128 bytes. The first row's address is a multiple of 1024.
struct Rows128 {
  static constexpr int kBytes = 128;
  static constexpr int kChunks = kBytes / kChunkBytes;
  static constexpr int kPeriod = 8;  // rows after which the places are the same
  __device__ static int offset(int row, int chunk) {
    return row * kBytes + (chunk ^ (row & 7)) * kChunkBytes;
  }
};

// Describes the first 32 bytes of each of the Rows128 from `first_row` on, as many rows as the
// product needs. Adding 2 k describes the k-th 32 bytes. first_row's row number is a multiple of 8.
__device__ inline std::uint64_t describe_rows(const std::byte* first_row) {
#ifdef __CUDACC__
  const auto address = static_cast<std::uint32_t>(__cvta_generic_to_shared(first_row));
#else
  const std::uint32_t address = emulated::shared_address(first_row);
#endif
  constexpr std::uint64_t kSwizzle128 = 1;
  constexpr std::uint64_t kEightRows = 8 * Rows128::kBytes;
  // All addresses and distances are in units of 16 bytes. With a swizzle the distance in bits 16 to
  // 29 is not used; it is set to 1.
  return (address & 0x3ffff) >> 4 | std::uint64_t{1} << 16 | kEightRows >> 4 << 32 |
         kSwizzle128 << 62;
}

// Makes what this thread has written to shared memory visible to the products that start after the
// next barrier: products reach memory by another path (the "async proxy").
__device__ inline void publish_to_products() {
#ifdef __CUDACC__
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#else
  emulated::proxy_fence();
#endif
}

// Comes before products whose sums anything other than products has touched.
__device__ inline void begin_products() {
#ifdef __CUDACC__
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#else
  emulated::wgmma_fence();
#endif
}

// Ends a group of products.
__device__ inline void commit_products() {
#ifdef __CUDACC__
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
#else
  emulated::wgmma_commit();
#endif
}

// Waits until all but the last `kPending` groups are finished.
template <int kPending>
__device__ inline void wait_for_products() {
#ifdef __CUDACC__
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kPending) : "memory");
#else
  emulated::wgmma_wait(kPending);
#endif
}

// After wait_for_products<0>(): keeps the compiler from reading a sum earlier.
__device__ inline void settle([[maybe_unused]] float& sum) {
#ifdef __CUDACC__
  asm volatile("" : "+f"(sum)::"memory");
#endif
}

// sums = A B^T, or += if `accumulate`. A has 64 rows of 16 elements T, B has kN rows, both
// described by describe_rows(); the sum is 64 x kN. Lane l of warp w of the warpgroup holds two of
// its rows, 16 w + l / 4 (b = 0) and the one 8 below (b = 1): column 8 j + 2 (l % 4) + e is sums[4
// j + 2 b + e].
template <class T, int kN>
__device__ inline void multiply_rows(float (&sums)[kN / 2], std::uint64_t a, std::uint64_t b,
                                     bool accumulate) {
#ifdef __CUDACC__
#define ODIN_SUMS(i)                                                                         \
  "+f"(sums[i]), "+f"(sums[i + 1]), "+f"(sums[i + 2]), "+f"(sums[i + 3]), "+f"(sums[i + 4]), \
      "+f"(sums[i + 5]), "+f"(sums[i + 6]), "+f"(sums[i + 7])
#define ODIN_SUMS_16 ODIN_SUMS(0)
#define ODIN_SUMS_48 ODIN_SUMS(0), ODIN_SUMS(8), ODIN_SUMS(16)
#define ODIN_SUMS_64 ODIN_SUMS_48, ODIN_SUMS(24)
#define ODIN_SUMS_160                                                                      \
  ODIN_SUMS_64, ODIN_SUMS(32), ODIN_SUMS(40), ODIN_SUMS(48), ODIN_SUMS(56), ODIN_SUMS(64), \
      ODIN_SUMS(72)
#define ODIN_NAMES_16 "%0, %1, %2, %3, %4, %5, %6, %7"
#define ODIN_NAMES_48                                          \
  ODIN_NAMES_16                                                \
  ", %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19" \
  ", %20, %21, %22, %23"
#define ODIN_NAMES_64 ODIN_NAMES_48 ", %24, %25, %26, %27, %28, %29, %30, %31"
#define ODIN_NAMES_160                                           \
  ODIN_NAMES_64                                                  \
  ", %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43" \
  ", %44, %45, %46, %47, %48, %49, %50, %51, %52, %53, %54, %55" \
  ", %56, %57, %58, %59, %60, %61, %62, %63, %64, %65, %66, %67" \
  ", %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79"
// The numbers at the end: both factors as they are, depth innermost in both.
#define ODIN_WGMMA(n, type, a_name, b_name, accumulate_name)                     \
  asm volatile("{ .reg .pred p; setp.ne.b32 p, " accumulate_name                 \
               ", 0;"                                                            \
               " wgmma.mma_async.sync.aligned.m64n" #n "k16.f32." type "." type  \
               " {" ODIN_NAMES_##n "}, " a_name ", " b_name ", p, 1, 1, 0, 0; }" \
               : ODIN_SUMS_##n                                                   \
               : "l"(a), "l"(b), "r"(static_cast<int>(accumulate)))
#define ODIN_WGMMA_OF_TYPE(n, ...)              \
  if constexpr (std::is_same_v<T, Half>) {      \
    ODIN_WGMMA(n, "f16", __VA_ARGS__);          \
  } else {                                      \
    static_assert(std::is_same_v<T, BFloat16>); \
    ODIN_WGMMA(n, "bf16", __VA_ARGS__);         \
  }
  if constexpr (kN == 16) {
    ODIN_WGMMA_OF_TYPE(16, "%8", "%9", "%10")
  } else if constexpr (kN == 48) {
    ODIN_WGMMA_OF_TYPE(48, "%24", "%25", "%26")
  } else if constexpr (kN == 64) {
    ODIN_WGMMA_OF_TYPE(64, "%32", "%33", "%34")
  } else {
    static_assert(kN == 160);
    ODIN_WGMMA_OF_TYPE(160, "%80", "%81", "%82")
  }
#undef ODIN_WGMMA_OF_TYPE
#undef ODIN_WGMMA
#undef ODIN_NAMES_160
#undef ODIN_NAMES_64
#undef ODIN_NAMES_48
#undef ODIN_NAMES_16
#undef ODIN_SUMS_160
#undef ODIN_SUMS_64
#undef ODIN_SUMS_48
#undef ODIN_SUMS_16
#undef ODIN_SUMS
#else
  emulated::wgmma<T>(&sums[0], kN, a, b, accumulate);
#endif
}

}  // namespace odin::cuda
