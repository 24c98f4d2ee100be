#include "tests/cuda_on_cpu/emulator.h"

#include <cstring>
#include <span>

#include <fmt/format.h>

#include "tests/cuda_on_cpu/machine.h"
#include "tests/cuda_on_cpu/unwatched.h"

namespace emulated {

void launch(const void* kernel, dim3 grid, dim3 block, std::size_t shared_bytes,
            const std::function<void()>& body) {
  Machine::instance().launch(kernel, grid, block, shared_bytes, body);
}
void allow_shared_memory(const void* kernel, std::size_t bytes) {
  Machine::instance().allow(kernel, bytes);
}
void block_barrier(const char* file, int line) {
  Machine::instance().barrier(file, line);
}
std::size_t allowed_shared_memory(const void* kernel) {
  return Machine::instance().allowed(kernel);
}
const Slot* meet(unsigned mask, const char* operation, const Slot& mine, bool orders_memory,
                 const char* file, int line) {
  return Machine::instance().meet(mask, operation, mine, orders_memory, file, line);
}
unsigned lane() {
  return Machine::instance().running().index % kWarp;
}
void* dynamic_shared() {
  return Machine::instance().dynamic_shared();
}
void* static_shared(const void* key, std::size_t bytes) {
  return Machine::instance().static_shared(key, bytes);
}

void async_copy(void* to, const void* from, std::size_t copied, std::size_t total) {
  if (total != 4 && total != 8 && total != 16) {
    throw KernelError(fmt::format("there is no asynchronous copy of {} bytes", total));
  }
  const auto both = reinterpret_cast<std::uintptr_t>(to) | reinterpret_cast<std::uintptr_t>(from);
  if (both % total != 0) {
    throw KernelError(fmt::format("an asynchronous copy from {} to {} is not aligned to {} bytes",
                                  from, to, total));
  }
  std::memset(to, 0xFF, total);  // from now on it may arrive; watched: the kernel's own access
  const Unwatched unwatched;
  Machine::instance().running().copies.add() = {to, from, copied, total};
}

void async_commit() {
  const Unwatched unwatched;
  Machine::instance().running().copies.commit();
}

void async_wait(int pending) {
  Thread& self = Machine::instance().running();
  for (;;) {
    std::span<const AsyncCopy> group;
    {
      const Unwatched unwatched;
      if (self.copies.under_way() <= static_cast<std::size_t>(pending)) return;
      group = self.copies.oldest();
    }
    // Watched: these are the kernel's own accesses.
    for (const AsyncCopy& copy : group) {
      std::memcpy(copy.to, copy.from, copy.copied);
      std::memset(static_cast<std::byte*>(copy.to) + copy.copied, 0, copy.total - copy.copied);
      const Unwatched unwatched;
      self.unpublished.push_back({copy.to, copy.total, {}});
    }
    const Unwatched unwatched;
    self.copies.drop_oldest();
  }
}

void proxy_fence() {
  const Unwatched unwatched;
  Thread& self = Machine::instance().running();
  for (Arrival& arrival : self.unpublished) {
    std::memcpy(arrival.value.data(), arrival.to, arrival.bytes);
    self.published.push_back(arrival);
  }
  self.unpublished.clear();
}

SharedWindow shared_window() {
  const Unwatched unwatched;
  return Machine::instance().shared().window();
}
std::uint32_t shared_address(const void* memory) {
  return static_cast<std::uint32_t>(static_cast<const std::byte*>(memory) - shared_window().origin);
}
WarpgroupProducts& products() {
  return Machine::instance().running().products;
}
unsigned thread_index() {
  return Machine::instance().running().index;
}
void check_product(std::size_t n, const Matrices& matrices) {
  Machine::instance().check_product(n, matrices);
}

}  // namespace emulated
