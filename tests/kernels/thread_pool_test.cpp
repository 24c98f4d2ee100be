#include "kernels/cpu/thread_pool.h"

#include <atomic>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

namespace odin::test {
namespace {

TEST_CASE("every task runs once, on a thread of the pool") {
  for (const int threads : {1, 2, 5}) {
    cpu::ThreadPool pool(threads);
    CHECK(pool.size() == threads);
    for (const std::int64_t count : {0, 1, 2, 1000}) {
      std::vector<std::atomic<int>> runs(static_cast<std::size_t>(count));
      std::atomic<int> strangers = 0;
      pool.run(count, [&](std::int64_t index, int worker) {
        ++runs[static_cast<std::size_t>(index)];
        if (worker < 0 || worker >= threads) ++strangers;
      });
      for (const std::atomic<int>& run : runs) CHECK(run == 1);
      CHECK(strangers == 0);
    }
  }
}

TEST_CASE("an exception of a task is thrown to the caller, and the pool goes on working") {
  cpu::ThreadPool pool(3);
  std::atomic<int> runs = 0;
  const auto task = [&](std::int64_t index, int) {
    ++runs;
    if (index == 7) throw std::runtime_error("task 7");
  };
  CHECK_THROWS_WITH_AS(pool.run(20, task), "task 7", std::runtime_error);
  CHECK(runs == 20);
  CHECK_NOTHROW(pool.run(7, task));
  CHECK(runs == 27);
}

TEST_CASE("0 threads are all cores that the process may use") {
  CHECK(cpu::available_cores() >= 1);
  CHECK(cpu::ThreadPool(0).size() == cpu::available_cores());
}

}  // namespace
}  // namespace odin::test
