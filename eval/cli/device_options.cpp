#include "eval/cli/device_options.h"

#include <CLI/App.hpp>

#include "kernels/cores.h"

namespace odin {

DeviceOptions DeviceChoice::options(int processes) const {
  return {.threads = threads > 0 ? threads : default_threads(processes),
          .precision = precision_of(precision),
          .convolution = convolution_algorithm_of(convolution)};
}

CLI::Option* add_device_options(CLI::App& app, DeviceChoice& choice, const std::string& group) {
  auto* device = app.add_option("--device", choice.device, "auto, cpu, cuda or cuda:N")
                     ->type_name("DEVICE")
                     ->capture_default_str()
                     ->group(group);
  app.add_option("--threads", choice.threads,
                 "CPU threads; default: OMP_NUM_THREADS, or one per core that the process may use")
      ->check(CLI::Range(1, 4096))
      ->type_name("N")
      ->group(group);
  app.add_option("--precision", choice.precision, "Arithmetic on a GPU: fp32, tf32, fp16 or bf16")
      ->check(CLI::IsMember({"fp32", "tf32", "fp16", "bf16"}))
      ->type_name("TYPE")
      ->capture_default_str()
      ->group(group);
  app.add_option(
         "--conv", choice.convolution,
         "Convolution: auto, cudnn, own or wgmma on a GPU; auto, direct or winograd on the CPU")
      ->check(CLI::IsMember({"auto", "cudnn", "own", "wgmma", "direct", "winograd"}))
      ->type_name("HOW")
      ->capture_default_str()
      ->group(group);
  return device;
}

}  // namespace odin
