#include "kernels/device.h"

namespace odin {

std::unique_ptr<Backend> make_backend(std::string_view device, int threads) {
  require(threads >= 0, "the number of threads cannot be negative ({})", threads);
  if (device == "auto" || device == "cpu") return make_cpu_backend(threads);
  require(device != "cuda" && !device.starts_with("cuda:"),
          "device {} cannot be used: this build has no CUDA back end; use --device cpu", device);
  fail("device \"{}\" is not known: it must be auto, cpu, cuda or cuda:N", device);
}

}  // namespace odin
