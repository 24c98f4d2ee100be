#include "kernels/cpu/memory.h"

#include <cstdlib>
#include <cstring>
#include <limits>

#ifdef __linux__
#include <sys/mman.h>
#endif

#include "kernels/error.h"

namespace odin::cpu {

FloatMemory::FloatMemory(std::size_t floats, bool zeroed) : size_(floats) {
  constexpr std::size_t kHugePage = std::size_t{2} << 20;
  const bool countable = floats <= std::numeric_limits<std::size_t>::max() / 2 / sizeof(float);
  std::size_t bytes = floats * sizeof(float);
  const std::size_t alignment = bytes >= kHugePage ? kHugePage : 64;
  bytes = (bytes + alignment - 1) / alignment * alignment;
  if (floats == 0) return;
  if (countable) data_.reset(static_cast<float*>(std::aligned_alloc(alignment, bytes)));
  require(data_ != nullptr, "there is not enough memory for {} MB; use a smaller batch",
          floats / (1000000 / sizeof(float)));
#ifdef __linux__
  if (alignment == kHugePage) madvise(data_.get(), bytes, MADV_HUGEPAGE);  // a wish, not a need
#endif
  if (zeroed) std::memset(data_.get(), 0, bytes);
}

void FloatMemory::Free::operator()(float* p) const {
  std::free(p);
}

}  // namespace odin::cpu
