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

TEST_CASE("the sizes of the caches are known") {
  CHECK(first_level_cache() >= 8 << 10);
  CHECK(first_level_cache() <= 4 << 20);
  CHECK(second_level_cache() >= 64 << 10);
  CHECK(second_level_cache() <= 256 << 20);
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

TEST_CASE("twice the second-level cache takes twice as much at once beside large weights") {
  const Blocks zen4 = blocks_for(1 << 20);
  const Blocks sapphire_rapids = blocks_for(2 << 20);
  CHECK(zen4.tiles == 64);
  CHECK(sapphire_rapids.tiles == 128);
  CHECK(images_in_group(zen4, 64, false) == 8);
  CHECK(images_in_group(sapphire_rapids, 64, false) == 8);
  CHECK(images_in_group(zen4, 64, true) == 16);
  CHECK(images_in_group(sapphire_rapids, 64, true) == 32);
  CHECK(blocks_for(256 << 10).tiles == 64);
  CHECK(blocks_for(64 << 20).tiles == 128);
}

TEST_CASE("a group fills its pixels, has an image at least, and no more than there may be") {
  const Blocks blocks = blocks_for(1 << 20);
  CHECK(images_in_group(blocks, 1024, false) == 1);
  CHECK(images_in_group(blocks, 511, false) == 2);
  CHECK(images_in_group(blocks, 1 << 20, true) == 1);
  CHECK(images_in_group(blocks, 1, true) == 16);
  CHECK(images_in_group(blocks, 0, true) == 1);
}

}  // namespace
}  // namespace odin::cpu
