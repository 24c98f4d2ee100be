#include "weights/trial_run.h"

#include <atomic>
#include <csignal>
#include <stdexcept>

#include <doctest/doctest.h>
#include <unistd.h>

#include "kernels/error.h"

namespace odin {
namespace {

TEST_CASE("work that returns or throws passes its trial, and leaves nothing behind") {
  int runs = 0;
  require_trial([&] { ++runs; });
  require_trial([&] { throw Error("a damaged file"); });
  require_trial([&] { throw std::runtime_error("another error"); });
  CHECK(runs == 0);  // it ran in the child
}

TEST_CASE("work that crashes does not pass its trial") {
  for (const int signal : {SIGSEGV, SIGABRT, SIGFPE, SIGBUS}) {
    CHECK_THROWS_WITH_AS(require_trial([&] { std::raise(signal); }),
                         "reading it crashes the library", Error);
  }
  CHECK_THROWS_WITH_AS(require_trial([] { _exit(1); }), "reading it crashes the library", Error);
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
  CHECK_THROWS_WITH_AS(require_trial(compute, 1), "reading it takes more than 1 seconds", Error);
  CHECK_NOTHROW(require_trial([] { sleep(2); }, 1));  // a slow disk
}

TEST_CASE("a trial leaves the caller's handlers of signals alone") {
  const auto before = std::signal(SIGSEGV, SIG_IGN);
  CHECK_THROWS_AS(require_trial([] { std::raise(SIGSEGV); }), Error);
  const bool kept = std::signal(SIGSEGV, before) == SIG_IGN;
  CHECK(kept);
}

}  // namespace
}  // namespace odin
