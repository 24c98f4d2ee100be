// Blocks of memory that share it by their lifetimes.
#include "kernels/arena.h"

#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

namespace odin::test {
namespace {

constexpr std::size_t kAlignment = 256;

struct Block {
  std::size_t size;
  Lifetime lifetime;
};

bool together(const Block& a, const Block& b) {
  return a.lifetime.first <= b.lifetime.last && b.lifetime.first <= a.lifetime.last;
}

TEST_CASE("blocks of an arena that are alive together never overlap, others may") {
  // Blocks of all sizes and lifetimes from a small generator of numbers.
  std::uint32_t state = 1;
  const auto next = [&state](std::uint32_t below) {
    state = state * 1664525u + 1013904223u;
    return static_cast<int>((state >> 8) % below);
  };
  for (int round = 0; round < 50; ++round) {
    Arena arena(kAlignment);
    std::vector<Block> blocks;
    std::size_t total = 0;
    for (int i = 0; i < 30; ++i) {
      const int first = next(40);
      blocks.push_back({static_cast<std::size_t>(next(5000)), {first, first + next(10)}});
      CHECK(arena.add(blocks.back().size, blocks.back().lifetime) == i);
      total += blocks.back().size;
    }
    arena.plan();
    for (int i = 0; i < 30; ++i) {
      const Block& a = blocks[static_cast<std::size_t>(i)];
      CHECK(arena.offset(i) % kAlignment == 0);
      CHECK(arena.offset(i) + a.size <= arena.size());
      for (int j = 0; j < i; ++j) {
        const Block& b = blocks[static_cast<std::size_t>(j)];
        if (!together(a, b) || a.size == 0 || b.size == 0) continue;
        const bool apart = arena.offset(i) + a.size <= arena.offset(j) ||
                           arena.offset(j) + b.size <= arena.offset(i);
        CHECK(apart);
      }
    }
    CHECK(arena.size() < total);  // lifetimes are short: something was shared
  }
}

TEST_CASE("a chain of blocks, each alive with the next, takes the memory of two") {
  Arena arena(kAlignment);
  for (int i = 0; i < 10; ++i) arena.add(1000, {i, i + 1});
  arena.plan();
  CHECK(arena.size() == 2 * 1024);
}

TEST_CASE("an arena without blocks, or with empty ones only, takes no memory") {
  Arena none(kAlignment);
  none.plan();
  CHECK(none.size() == 0);
  Arena empty(kAlignment);
  empty.add(0, {0, 5});
  empty.add(0, {2, 3});
  empty.plan();
  CHECK(empty.size() == 0);
  CHECK(empty.offset(0) == 0);
  CHECK(empty.offset(1) == 0);
}

TEST_CASE("a block that fits between two others is placed there") {
  Arena arena(1);
  const int early = arena.add(30, {0, 1});
  const int bottom = arena.add(50, {0, 9});
  const int top = arena.add(40, {0, 9});
  const int late = arena.add(20, {2, 9});
  arena.plan();
  CHECK(arena.offset(bottom) == 0);
  CHECK(arena.offset(top) == 50);
  CHECK(arena.offset(early) == 90);
  CHECK(arena.offset(late) == 90);  // `early` is dead by then
  CHECK(arena.size() == 120);
}

}  // namespace
}  // namespace odin::test
