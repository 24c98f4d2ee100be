// The CUDA back end: NHWC, cuDNN and cuBLAS, our own kernels for the rest.
#pragma once

#include <memory>

#include "kernels/backend.h"
#include "kernels/cuda/gpu.h"
#include "kernels/device.h"

namespace odin::cuda {

// The layer-by-layer operations store float (and multiply as tf32 where options.precision says so);
// evaluation plans store and multiply in options.precision. `gpu` is current for the thread that
// calls, and for every thread that uses the back end.
std::unique_ptr<Backend> make_cuda_backend(const Gpu& gpu, const DeviceOptions& options);

}  // namespace odin::cuda
