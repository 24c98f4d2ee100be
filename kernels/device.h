// Back ends by the name a user gives: "auto", "cpu", "cuda", "cuda:1".
#pragma once

#include <memory>
#include <string_view>

#include "kernels/backend.h"
#include "kernels/convolution.h"
#include "kernels/precision.h"

namespace odin {

struct DeviceOptions {
  // Of the CPU: 0 takes all cores that this process may use.
  int threads = 0;
  // Of a GPU; the CPU has fp32 only.
  Precision precision = Precision::kFloat32;
  // A device refuses those of the other.
  ConvolutionAlgorithm convolution = ConvolutionAlgorithm::kAuto;
  // Images that a GPU runs at once; 0 chooses.
  int batch = 0;
};

// "auto" takes a GPU where there is one that can be used, else the CPU. Throws Error, saying what to
// do, where the device does not exist or this build cannot use it.
std::unique_ptr<Backend> make_backend(std::string_view device, const DeviceOptions& options = {});
std::unique_ptr<Backend> make_backend(std::string_view device, int threads);

// What a device can do at most, measured: GFLOP/s (a multiply-add counts two) of vector arithmetic on
// the CPU, of a large matrix product of cuBLAS on a GPU, in the options' precision. Takes a second.
double measured_peak_gflops(std::string_view device, const DeviceOptions& options = {});

// GB/s that a GPU's memory does at most: of a large copy within it, bytes read and bytes written both
// counted. Throws Error where the device is not a GPU.
double measured_memory_gbytes(std::string_view device);

}  // namespace odin
