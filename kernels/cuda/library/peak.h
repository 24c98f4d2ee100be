// Measures the GPU's peak rates.
#pragma once

#include "kernels/precision.h"

namespace odin::cuda {

// GFLOP/s (a multiply-add counts as two) of a large cuBLAS product of random matrices, stored and
// multiplied in `precision`: the best of a few runs. Takes a second and 1.5 GB.
double peak_gflops(Precision precision);

// GB/s of a large copy within the GPU's memory; counts bytes read and bytes written.
double copy_gbytes();

}  // namespace odin::cuda
