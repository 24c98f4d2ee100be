#include "kernels/host_backend.h"

#include "kernels/cpu/memory.h"
#include "kernels/host_copy.h"

namespace odin {

std::shared_ptr<void> HostBackend::allocate(std::size_t bytes) {
  const auto memory = std::make_shared<cpu::FloatMemory>(bytes / sizeof(float) + 1);
  return {memory, memory->data()};
}

void HostBackend::upload(const double* host, TensorView to) {
  write_elements(host, to);
}

void HostBackend::download(ConstTensorView from, double* host) {
  read_elements(from, host);
}

}  // namespace odin
