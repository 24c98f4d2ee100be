#include "kernels/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "kernels/error.h"

namespace odin::test {
namespace {

TEST_CASE("every task runs once, on a thread of the pool") {
  for (const int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
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

TEST_CASE("chunks cover everything once, are nearly equal, and as many for every thread") {
  for (const int threads : {1, 2, 3}) {
    ThreadPool pool(threads);
    for (const std::int64_t n : {0, 1, 2, 16, 33, 100}) {
      for (const std::int64_t most : {1, 7, 16, 1000}) {
        CAPTURE(threads);
        CAPTURE(n);
        CAPTURE(most);
        std::vector<std::atomic<int>> taken(static_cast<std::size_t>(n));
        std::atomic<int> chunks = 0;
        std::atomic<std::int64_t> smallest = n;
        std::atomic<std::int64_t> largest = 0;
        std::mutex mutex;
        pool.run_chunks(n, most, [&](std::int64_t first, std::int64_t end, int) {
          for (std::int64_t i = first; i < end; ++i) ++taken[static_cast<std::size_t>(i)];
          const std::lock_guard lock(mutex);
          ++chunks;
          smallest = std::min(smallest.load(), end - first);
          largest = std::max(largest.load(), end - first);
        });
        for (const std::atomic<int>& times : taken) CHECK(times == 1);
        CHECK(largest <= most);
        CHECK(largest - smallest <= 1);
        CHECK((chunks % threads == 0 || chunks == n));
      }
    }
  }
}

TEST_CASE("blocks cover everything in order, whole but for the last, for any number of threads") {
  for (const int threads : {1, 2, 3}) {
    ThreadPool pool(threads);
    for (const std::int64_t n : {0, 1, 6, 7, 8, 100}) {
      for (const std::int64_t size : {1, 7, 1000}) {
        CAPTURE(threads);
        CAPTURE(n);
        CAPTURE(size);
        std::mutex mutex;
        std::vector<std::pair<std::int64_t, std::int64_t>> blocks;
        std::atomic<int> strangers = 0;
        pool.run_blocks(n, size, [&](std::int64_t first, std::int64_t end, int worker) {
          if (worker < 0 || worker >= threads) ++strangers;
          const std::lock_guard lock(mutex);
          blocks.emplace_back(first, end);
        });
        std::sort(blocks.begin(), blocks.end());
        std::int64_t begin = 0;
        for (const auto& [first, end] : blocks) {
          CHECK(first == begin);
          CHECK(end == std::min(n, first + size));
          begin = first + size;
        }
        CHECK(begin >= n);
        CHECK(static_cast<std::int64_t>(blocks.size()) == (n + size - 1) / size);
        CHECK(strangers == 0);
      }
    }
  }
}

TEST_CASE("an exception of a task is thrown to the caller, and the pool goes on working") {
  ThreadPool pool(3);
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

TEST_CASE("after an exception, run_until_error() begins no further task") {
  ThreadPool pool(3);
  std::atomic<int> begun = 0;
  const auto task = [&](std::int64_t, int) {
    ++begun;
    throw std::range_error("stopped");
  };
  CHECK_THROWS_WITH_AS(pool.run_until_error(1'000'000, task), "stopped", std::range_error);
  CHECK(begun < 1'000'000);
  begun = 0;
  CHECK_NOTHROW(pool.run_until_error(20, [&](std::int64_t, int) { ++begun; }));
  CHECK(begun == 20);
}

TEST_CASE("a task may run tasks on another pool") {
  std::atomic<int> done = 0;
  ThreadPool outer(4);
  outer.run(4, [&](std::int64_t, int) {
    ThreadPool inner(2);
    inner.run(5, [&](std::int64_t, int) { ++done; });
  });
  CHECK(done == 20);
}

TEST_CASE("run_on_all() runs a job once on every thread") {
  ThreadPool pool(4);
  for (int round = 0; round < 100; ++round) {
    std::vector<std::atomic<int>> runs(4);
    pool.run_on_all([&](int worker) { ++runs[static_cast<std::size_t>(worker)]; });
    for (const std::atomic<int>& run : runs) CHECK(run == 1);
  }
}

TEST_CASE("worker threads run until their owner ends, and are joined then") {
  std::atomic<int> running = 0;
  std::atomic<int> ended = 0;
  {
    const WorkerThreads threads(2, 3, [&](const std::stop_token& stop, int worker) {
      running += worker;
      while (!stop.stop_requested()) std::this_thread::yield();
      ++ended;
    });
    CHECK(threads.size() == 3);
    while (running < 2 + 3 + 4) std::this_thread::yield();
    CHECK(ended == 0);
  }
  CHECK(ended == 3);
}

TEST_CASE("a negative number of threads is refused") {
  CHECK_THROWS_WITH_AS(ThreadPool(-1), "-1 threads are not possible; 0 takes all cores", Error);
}

}  // namespace
}  // namespace odin::test
