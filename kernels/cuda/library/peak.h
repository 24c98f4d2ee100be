// The GPU's peaks, measured.
#pragma once

#include "kernels/precision.h"

namespace odin::cuda {

// GFLOP/s (a multiply-add counts two) of a large matrix product of random numbers by cuBLAS, stored
// and multiplied in `precision`: the best of a few runs. Takes a second and 1.5 GB.
double peak_gflops(Precision precision);

// GB/s of a large copy within the GPU's memory, bytes read and bytes written.
double copy_gbytes();

}  // namespace odin::cuda
