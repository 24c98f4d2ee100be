#include "tests/cuda_on_cpu/shared_memory.h"

#include <new>

#include <fmt/format.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace emulated {

SharedMemory::SharedMemory() {
  memory_ = static_cast<std::byte*>(mmap(nullptr, kSize, PROT_READ | PROT_WRITE,
                                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  if (memory_ == MAP_FAILED) throw std::bad_alloc();
  forbid(0, kSize);
}

SharedMemory::~SharedMemory() {
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(memory_, kSize);
#endif
  munmap(memory_, kSize);
}

bool SharedMemory::next_block() {
  forbid(begin_, used_);
  begin_ = used_;
  if (used_ + kMostShared + 16 * (kRedZone + kAlignment) <= kSize) return false;
  begin_ = used_ = 0;
  return true;
}

void* SharedMemory::take(std::size_t bytes) {
  used_ = (used_ + kRedZone + kAlignment - 1) / kAlignment * kAlignment;
  if (used_ - begin_ + bytes > kMostShared + 8 * (kRedZone + kAlignment)) {
    throw KernelError(
        fmt::format("a block asks for more than {} bytes of shared memory", kMostShared));
  }
  std::byte* taken = memory_ + used_;
  used_ += bytes;
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(taken, bytes);
#endif
  // Not memset, which ThreadSanitizer would take for the kernel's.
  for (volatile std::byte* p = taken; p != taken + bytes; p = p + 1) *p = std::byte{0xFF};
  return taken;
}

SharedWindow SharedMemory::window() const {
  const std::size_t origin = begin_ / kAlignment * kAlignment;
  return {memory_ + origin, static_cast<std::uint32_t>(begin_ - origin),
          static_cast<std::uint32_t>(used_ - origin)};
}

void SharedMemory::forbid([[maybe_unused]] std::size_t begin, [[maybe_unused]] std::size_t end) {
#if defined(__SANITIZE_ADDRESS__)
  __asan_poison_memory_region(memory_ + begin, end - begin);
#endif
}

}  // namespace emulated
