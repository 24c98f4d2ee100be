// Back ends by the name a user gives: "auto", "cpu", "cuda", "cuda:1".
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "kernels/backend.h"

namespace odin {

// How a GPU stores and multiplies activations, in an evaluation and layer by layer; sums, statistics
// and, layer by layer, parameters are always in float.
enum class Precision : std::uint8_t {
  kFloat32,  // float throughout
  kTf32,     // stored as float, multiplied on tensor cores with 11 significant bits
  kFloat16,  // IEEE half precision, 11 significant bits
  kBFloat16  // 8 significant bits, float's range
};
// "fp32", "tf32", "fp16", "bf16"; throws Error for another name.
Precision precision_of(std::string_view name);
std::string_view name_of(Precision precision);

// How convolutions are computed: those of an evaluation, and on a GPU those of the layers, too, of
// which our own are all the same kernel.
enum class ConvolutionChoice : std::uint8_t {
  kAuto,     // on a GPU cuDNN's, on the CPU whichever is faster for the shape
  kCudnn,    // on a GPU: cuDNN's
  kOwn,      // on a GPU: our implicit GEMM
  kWgmma,    // ... with the tensor core instructions of compute capability 9.0 wherever it can
  kDirect,   // on the CPU: every multiplication of the definition
  kWinograd  // on the CPU: Winograd's algorithm wherever it is possible, else direct
};
// "auto", "cudnn", "own", "wgmma", "direct", "winograd"; throws Error for another name.
ConvolutionChoice convolution_choice_of(std::string_view name);
std::string_view name_of(ConvolutionChoice choice);

struct DeviceOptions {
  // Of the CPU: 0 takes all cores that this process may use.
  int threads = 0;
  // Of a GPU; the CPU has fp32 only.
  Precision precision = Precision::kFloat32;
  // A device refuses those of the other.
  ConvolutionChoice convolution = ConvolutionChoice::kAuto;
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
