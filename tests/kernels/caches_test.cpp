#include "kernels/cpu/caches.h"

#include <initializer_list>

#include <doctest/doctest.h>

namespace odin::cpu {
namespace {

constexpr long kZen4 = 32 << 10;
constexpr long kSapphireRapids = 48 << 10;

// Of 32 columns.
constexpr long panel_of(long depth) {
  return 128 * depth;
}

TEST_CASE("the size of the first-level cache is known") {
  CHECK(first_level_cache() >= 8 << 10);
  CHECK(first_level_cache() <= 4 << 20);
}

TEST_CASE("a panel is asked for ahead where it leaves a cache that two units read from") {
  for (const long depth : {12, 160, 320, 640}) {
    CHECK(panel_steps_ahead(kZen4, panel_of(depth)) == 0);
  }
  CHECK(panel_steps_ahead(kSapphireRapids, panel_of(160)) == 0);
  CHECK(panel_steps_ahead(kSapphireRapids, panel_of(240)) == 0);  // most of a DenseNet's
  CHECK(panel_steps_ahead(kSapphireRapids, panel_of(320)) == 8);
  CHECK(panel_steps_ahead(kSapphireRapids, panel_of(640)) == 8);
}

}  // namespace
}  // namespace odin::cpu
