// Shared memory. A kernel describes what it shares as one struct and asks for it here. So the
// emulation can give every block fresh memory, filled with NaN, between red zones.
#pragma once

#include <cuda_runtime.h>

namespace odin::cuda {

// The block's object of type T; its size is known to the compiler (48 KB at most). Two calls with
// the same T return the same object, so each kernel should have its own struct.
template <class T>
__device__ inline T& block_shared() {
#ifdef __CUDACC__
  __shared__ T object;
  return object;
#else
  static const char key = 0;
  return *static_cast<T*>(emulated::static_shared(&key, sizeof(T)));
#endif
}

// The dynamic shared memory of the launch, aligned to 1024 bytes (as the matrices of warpgroup.cuh
// are).
template <class T>
__device__ inline T* dynamic_shared() {
#ifdef __CUDACC__
  extern __shared__ __align__(1024) unsigned char memory[];
  return reinterpret_cast<T*>(memory);
#else
  return static_cast<T*>(emulated::dynamic_shared());
#endif
}

}  // namespace odin::cuda
