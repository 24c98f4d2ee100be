// The CUDA back end: NHWC, cuDNN and cuBLAS, our own kernels for the rest.
#pragma once

#include <memory>

#include "kernels/backend.h"
#include "kernels/cuda/runtime/gpu.h"
#include "kernels/device.h"

namespace odin::cuda {

// The layer-by-layer operations take activations in float and in the half type that
// options.precision may name (and multiply float as tf32 where it says so); evaluation plans store
// and multiply in options.precision. `gpu` is current for the thread that calls, and for every thread
// that uses the back end.
std::unique_ptr<Backend> make_cuda_backend(const Gpu& gpu, const DeviceOptions& options);

}  // namespace odin::cuda
