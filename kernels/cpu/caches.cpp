#include "kernels/cpu/caches.h"

#include <algorithm>

#include <unistd.h>

namespace odin::cpu {

long first_level_cache() {
#ifdef _SC_LEVEL1_DCACHE_SIZE
  static const long kFound = sysconf(_SC_LEVEL1_DCACHE_SIZE);
  if (kFound > 0) return kFound;
#endif
  return 32 << 10;
}

long second_level_cache() {
#ifdef _SC_LEVEL2_CACHE_SIZE
  static const long kFound = sysconf(_SC_LEVEL2_CACHE_SIZE);
  if (kFound > 0) return kFound;
#endif
  return 1 << 20;
}

int panel_steps_ahead(long cache_bytes, long panel_bytes) {
  // Processors that multiply two 512-bit vectors a cycle read a panel twice as fast as those that
  // multiply one, whose second-level cache keeps up. They have a larger first-level cache.
  constexpr long kOfTwoUnits = 48 << 10;
  constexpr int kSteps = 8;
  return cache_bytes >= kOfTwoUnits && 4 * panel_bytes > 3 * cache_bytes ? kSteps : 0;
}

Blocks blocks_for(long cache_bytes) {
  // Weights that come from memory are read once for each block of tiles, and once for each group. A
  // cache of 2 MiB holds the transformed tiles of a place of twice as many, which halves that
  // traffic. Other weights stay in the last cache; there the activations of a group should stay in
  // this one.
  constexpr long kMeasured = 1 << 20;
  const int times = cache_bytes >= 2 * kMeasured ? 2 : 1;
  return {.tiles = 64 * times,
          .pixels = 512,
          .pixels_of_large_weights = 1024L * times,
          .images = 16 * times};
}

int images_in_group(const Blocks& blocks, long pixels, bool large_weights) {
  const long wanted = large_weights ? blocks.pixels_of_large_weights : blocks.pixels;
  const long filling = pixels > 0 ? (wanted + pixels - 1) / pixels : 1;
  return static_cast<int>(std::clamp<long>(filling, 1, blocks.images));
}

}  // namespace odin::cpu
