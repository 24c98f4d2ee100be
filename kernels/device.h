// Back ends by the user's name for them: "auto", "cpu", "cuda", "cuda:1".
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "kernels/backend.h"
#include "kernels/convolution.h"
#include "kernels/cpu/micro/instruction_set.h"
#include "kernels/precision.h"

namespace odin {

struct DeviceOptions {
  // CPU: the number of threads; 0 uses all cores that this process may use.
  int threads = 0;
  // GPU only; the CPU has fp32.
  Precision precision = Precision::kFloat32;
  // Each device refuses the other's algorithms.
  ConvolutionAlgorithm convolution = ConvolutionAlgorithm::kAuto;
  // GPU: the number of images that run at once; 0 lets the back end choose.
  int batch = 0;
  // CPU: bytes of a core's second-level cache, by which block sizes are chosen (no result depends
  // on them); 0 takes this machine's.
  long second_level_cache = 0;
  // CPU: the vectors of our kernels; none takes the widest that this processor has.
  std::optional<cpu::InstructionSet> instruction_set = std::nullopt;
};

// "auto" takes a GPU if there is a usable one, else the CPU. Throws Error, saying what to do, if
// the device does not exist or this build cannot use it.
std::unique_ptr<Backend> make_backend(std::string_view device, const DeviceOptions& options = {});

// The measured peak rate of a device in GFLOP/s (a multiply-add counts as two): of vector
// arithmetic on the CPU, of a large cuBLAS product on a GPU, in the options' precision. Takes a
// second.
double measured_peak_gflops(std::string_view device, const DeviceOptions& options = {});

// The measured peak bandwidth of a GPU's memory in GB/s: of a large copy within it, counting bytes
// read and bytes written. Throws Error if the device is not a GPU.
double measured_memory_gbytes(std::string_view device);

}  // namespace odin
