// Instructions that C++ cannot express: asynchronous copies, matrix loads and tensor cores (all
// from compute capability 8.0 on). Compiled as plain C++ they call the emulation.
#pragma once

#include "kernels/cuda/device/element.cuh"

#ifndef __CUDACC__
#include <emulated_tensor_core.h>
#endif

namespace odin::cuda {

constexpr int kChunkBytes = 16;  // of one copy, and of one row of a matrix

// --- asynchronous copies from global to shared memory --------------------------------------------
// Starts a copy of kBytes, which is 16, 8 or 4, or writes zeros unless `there`; both addresses are
// multiples of kBytes.
template <int kBytes>
__device__ inline void copy_async(void* shared, const void* global, bool there) {
#ifdef __CUDACC__
  const auto address = static_cast<std::uint32_t>(__cvta_generic_to_shared(shared));
  const int bytes = there ? kBytes : 0;
  if constexpr (kBytes == 16) {  // these alone can go past the first-level cache
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(global),
                 "r"(bytes)
                 : "memory");
  } else {
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"(address), "l"(global),
                 "n"(kBytes), "r"(bytes)
                 : "memory");
  }
#else
  emulated::async_copy(shared, global, there ? kBytes : 0, kBytes);
#endif
}
// Ends a group of copies.
__device__ inline void commit_copies() {
#ifdef __CUDACC__
  asm volatile("cp.async.commit_group;" ::: "memory");
#else
  emulated::async_commit();
#endif
}
// Waits until all groups that this thread has committed, except the last `kPending`, have arrived.
template <int kPending>
__device__ inline void wait_for_copies() {
#ifdef __CUDACC__
  asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory");
#else
  emulated::async_wait(kPending);
#endif
}

// --- matrices ------------------------------------------------------------------------------------
// Four 8 x 8 matrices of 16-bit elements (or 8 x 4 of 32-bit ones): lane 8 i + r gives the address
// of row r of matrix i, 16 bytes; register i becomes 4 bytes from row lane / 4, at 4 (lane % 4).
__device__ inline void load_matrices(std::uint32_t (&fragment)[4], const void* row) {
#ifdef __CUDACC__
  const auto address = static_cast<std::uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(fragment[0]), "=r"(fragment[1]), "=r"(fragment[2]), "=r"(fragment[3])
               : "r"(address)
               : "memory");
#else
  emulated::ldmatrix_x4(fragment, row);
#endif
}

// sum += A B on tensor cores: A has 16 rows of 32 bytes, B 8 columns of 32 bytes, and sum is 16
// x 8. T is the element type of A and B; only the upper 19 bits of a float are used (TF32).
template <class T>
__device__ inline void multiply_matrices(float (&sum)[4], const std::uint32_t (&a)[4],
                                         const std::uint32_t (&b)[2]) {
#ifdef __CUDACC__
#define ODIN_MMA(shape_and_types)                                                 \
  asm volatile("mma.sync.aligned." shape_and_types                                \
               " {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};" \
               : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])           \
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]))
  if constexpr (std::is_same_v<T, Half>) {
    ODIN_MMA("m16n8k16.row.col.f32.f16.f16.f32");
  } else if constexpr (std::is_same_v<T, BFloat16>) {
    ODIN_MMA("m16n8k16.row.col.f32.bf16.bf16.f32");
  } else {
    ODIN_MMA("m16n8k8.row.col.f32.tf32.tf32.f32");
  }
#undef ODIN_MMA
#else
  emulated::mma<T>(sum, a, b);
#endif
}

// A float's bits, rounded to TF32's 10 bits of fraction, to nearest (ties away from zero).
__device__ inline std::uint32_t round_to_tf32(std::uint32_t bits) {
#ifdef __CUDACC__
  std::uint32_t rounded;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(rounded) : "f"(__uint_as_float(bits)));
  return rounded;
#else
  return (bits + 0x1000u) & 0xffffe000u;
#endif
}

}  // namespace odin::cuda
