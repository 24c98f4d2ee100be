#include "kernels/device.h"

#include <algorithm>
#include <optional>

#include "kernels/cores.h"
#include "kernels/cpu/backend.h"
#include "kernels/cpu/peak.h"
#include "kernels/parse_number.h"

#ifdef ODIN_WITH_CUDA
#include "kernels/cuda/backend.h"
#include "kernels/cuda/library/peak.h"
#include "kernels/cuda/runtime/gpu.h"
#endif

namespace odin {
namespace {

// The number N of "cuda:N", 0 of "cuda".
int gpu_index(std::string_view device) {
  if (device == "cuda") return 0;
  const std::string_view digits = device.substr(std::string_view("cuda:").size());
  const std::optional<int> index = whole_text_as<int>(digits);
  require(index && *index >= 0,
          "device \"{}\" is not known: cuda: must be followed by the number of a GPU, as in cuda:1",
          device);
  return *index;
}

// Every thread has a workspace of about 10 MB: a mistyped number must not use up the memory.
void check_threads(int threads) {
  const int cores = available_cores();
  const int most = most_threads();
  require(threads <= most,
          "{} threads are far more than the {} core{} of this machine can use; ask for at most {}",
          threads, cores, cores == 1 ? "" : "s", most);
}

std::unique_ptr<Backend> make_cpu(const DeviceOptions& options) {
  check_threads(options.threads);
  require(options.precision == Precision::kFloat32,
          "precision {} needs a GPU: the CPU computes in fp32", name_of(options.precision));
  require(options.convolution == ConvolutionAlgorithm::kAuto ||
              options.convolution == ConvolutionAlgorithm::kDirect ||
              options.convolution == ConvolutionAlgorithm::kWinograd,
          "convolutions of the kind {} need a GPU: the CPU has auto, direct and winograd",
          name_of(options.convolution));
  return std::make_unique<cpu::CpuBackend>(
      cpu::PlanOptions{.threads = options.threads,
                       .convolution = options.convolution,
                       .instruction_set = options.instruction_set,
                       .second_level_cache = options.second_level_cache});
}

std::unique_ptr<Backend> make_cuda(std::string_view device, const DeviceOptions& options) {
  [[maybe_unused]] const int index = gpu_index(device);
  require(!options.instruction_set, "an instruction set is for the CPU, not for device {}", device);
  require(options.convolution != ConvolutionAlgorithm::kDirect &&
              options.convolution != ConvolutionAlgorithm::kWinograd,
          "convolutions of the kind {} need the CPU: a GPU has auto, cudnn, own and wgmma",
          name_of(options.convolution));
#ifdef ODIN_WITH_CUDA
  DeviceOptions chosen = options;
  if (chosen.convolution == ConvolutionAlgorithm::kAuto)
    chosen.convolution = ConvolutionAlgorithm::kCudnn;
  return std::make_unique<cuda::CudaBackend>(cuda::use_gpu(std::string(device), index), chosen);
#else
  fail(
      "device {} cannot be used: this program was built without CUDA; use --device cpu, or build "
      "with -DODIN_CUDA=ON",
      device);
#endif
}

// Whether "auto" means a GPU: whether our kernels can run on one.
bool gpu_usable() {
#ifdef ODIN_WITH_CUDA
  try {
    cuda::use_gpu("auto", 0);
    return true;
  } catch (const Error&) {
    return false;
  }
#else
  return false;
#endif
}

}  // namespace

std::unique_ptr<Backend> make_backend(std::string_view device, const DeviceOptions& options) {
  require(options.threads >= 0, "the number of threads cannot be negative ({})", options.threads);
  require(options.batch >= 0, "a batch cannot have {} images", options.batch);
  if (device == "cpu") return make_cpu(options);
  if (device == "auto") return gpu_usable() ? make_cuda("cuda", options) : make_cpu(options);
  require(device == "cuda" || device.starts_with("cuda:"),
          "device \"{}\" is not known: it must be auto, cpu, cuda or cuda:N", device);
  return make_cuda(device, options);
}

double measured_peak_gflops(std::string_view device, const DeviceOptions& options) {
#ifdef ODIN_WITH_CUDA
  if (device != "cpu" && (device != "auto" || gpu_usable())) {
    cuda::use_gpu(std::string(device), device == "auto" ? 0 : gpu_index(device));
    return cuda::peak_gflops(options.precision);
  }
#endif
  require(device == "cpu" || device == "auto", "device {} cannot be measured: it cannot be used",
          device);
  return cpu::peak_gflops(options.threads,
                          options.instruction_set.value_or(cpu::best_instruction_set()));
}

double measured_memory_gbytes(std::string_view device) {
  require(device == "cuda" || device.starts_with("cuda:"),
          "the memory of device {} cannot be measured: it is not a GPU", device);
  [[maybe_unused]] const int index = gpu_index(device);
#ifdef ODIN_WITH_CUDA
  cuda::use_gpu(std::string(device), index);
  return cuda::copy_gbytes();
#else
  fail("the memory of device {} cannot be measured: this program was built without CUDA", device);
#endif
}

}  // namespace odin
