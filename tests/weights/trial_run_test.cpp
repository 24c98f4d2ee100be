#include "weights/trial_run.h"

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <unistd.h>

#include "tests/support/support.h"

namespace odin {
namespace {

TEST_CASE("work that returns passes its trial, and leaves nothing behind") {
  int runs = 0;
  require_trial([&] { ++runs; });
  CHECK(runs == 0);  // it ran in the child
}

TEST_CASE("what work throws arrives in its own words, and is no failure of the trial") {
  const auto words_of = [](const std::function<void()>& work) -> std::string {
    try {
      require_trial(work);
    } catch (const TrialFailure&) {
      return "failure";
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  CHECK(words_of([] { throw Error("a damaged file"); }) == "a damaged file");
  CHECK(words_of([] { throw std::runtime_error("another error"); }) == "another error");
  CHECK(words_of([] { throw Error(std::string(100'000, 'x')); }) == std::string(4095, 'x'));
}

TEST_CASE("work that crashes does not pass its trial") {
  for (const int signal : {SIGSEGV, SIGABRT, SIGFPE, SIGBUS}) {
    CHECK_THROWS_WITH_AS(require_trial([&] { std::raise(signal); }),
                         "reading it crashes the library", TrialFailure);
  }
  CHECK_THROWS_WITH_AS(require_trial([] { _exit(1); }), "reading it crashes the library",
                       TrialFailure);
}

TEST_CASE("work that somebody else ends is tried again by the caller") {
  for (const int signal : {SIGKILL, SIGTERM}) {
    CHECK_NOTHROW(require_trial([&] { std::raise(signal); }));
  }
}

TEST_CASE("work that computes without end does not pass its trial") {
  const auto compute = [] {
    for (std::atomic<bool> forever = true; forever;) {
    }
  };
  const TrialLimits limits{.cpu_seconds = 1};
  CHECK_THROWS_WITH_AS(require_trial(compute, limits), "reading it takes more than 1 seconds",
                       TrialFailure);
  CHECK_NOTHROW(require_trial([] { sleep(2); }, limits));  // a slow disk
}

// As a child does that finds a lock held, which is not held the next time.
TEST_CASE("work that takes too long is tried again while other threads run") {
  const test::TemporaryFolder folder;
  const auto compute_twice = [&] {
    for (const char* trial : {"first", "second"}) {
      if (std::filesystem::exists(folder / trial)) continue;
      test::write_bytes(folder / trial, "");
      for (std::atomic<bool> forever = true; forever;) {
      }
    }
  };
  const std::jthread other([](const std::stop_token& stop) {
    while (!stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  });
  CHECK_NOTHROW(require_trial(compute_twice, {.cpu_seconds = 1}));
  CHECK(std::filesystem::exists(folder / "second"));
}

#if !defined(__SANITIZE_ADDRESS__)  // which reserves all the memory that it may use when it starts
TEST_CASE("work that asks for too much memory is refused in words") {
  const auto allocate = [] {
    volatile std::size_t bytes = std::size_t{1} << 30;
    const std::vector<char> memory(bytes, 'x');
    CHECK(memory.back() == 'x');
  };
  CHECK_THROWS_WITH_AS(require_trial(allocate, {.bytes = std::size_t{1} << 28}),
                       "reading it takes too much memory", Error);
  CHECK_NOTHROW(require_trial(allocate, {.bytes = std::size_t{3} << 29}));
}
#endif

TEST_CASE("a trial leaves the caller's handlers of signals alone") {
  const auto before = std::signal(SIGSEGV, SIG_IGN);
  CHECK_THROWS_AS(require_trial([] { std::raise(SIGSEGV); }), Error);
  const bool kept = std::signal(SIGSEGV, before) == SIG_IGN;
  CHECK(kept);
}

}  // namespace
}  // namespace odin
