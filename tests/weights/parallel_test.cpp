#include "weights/parallel.h"

#include <atomic>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

namespace odin {
namespace {

TEST_CASE("every piece is done exactly once") {
  for (const std::size_t count : {0, 1, 2, 1000}) {
    std::vector<std::atomic<int>> done(count);
    parallel_for(count, [&](std::size_t i) { ++done[i]; });
    for (const auto& times : done) CHECK(times == 1);
  }
}

TEST_CASE("an exception reaches the caller and ends the work") {
  std::atomic<int> begun{0};
  CHECK_THROWS_WITH_AS(parallel_for(1'000'000,
                                    [&](std::size_t) {
                                      ++begun;
                                      throw std::range_error("stopped");
                                    }),
                       "stopped", std::range_error);
  CHECK(begun < 1'000'000);
}

TEST_CASE("work may be nested") {
  std::atomic<int> done{0};
  parallel_for(4, [&](std::size_t) { parallel_for(5, [&](std::size_t) { ++done; }); });
  CHECK(done == 20);
}

}  // namespace
}  // namespace odin
