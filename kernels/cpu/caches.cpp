#include "kernels/cpu/caches.h"

#include <unistd.h>

namespace odin::cpu {

long first_level_cache() {
  long bytes = 0;
#ifdef _SC_LEVEL1_DCACHE_SIZE
  static const long kFound = sysconf(_SC_LEVEL1_DCACHE_SIZE);
  bytes = kFound;
#endif
  return bytes > 0 ? bytes : 32 << 10;
}

int panel_steps_ahead(long cache_bytes, long panel_bytes) {
  // Processors that multiply two 512-bit vectors a cycle read a panel twice as fast as those that
  // multiply one, whose second-level cache keeps up. They have a larger first-level cache.
  constexpr long kOfTwoUnits = 48 << 10;
  constexpr int kSteps = 8;
  return cache_bytes >= kOfTwoUnits && 4 * panel_bytes > 3 * cache_bytes ? kSteps : 0;
}

}  // namespace odin::cpu
