#include "tests/fuzz/child_coverage.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>

#include <sys/mman.h>

extern "C" {
// The counters of all instrumented code: the linker marks where its section begins and ends.
extern std::uint8_t __start___sancov_cntrs[];
extern std::uint8_t __stop___sancov_cntrs[];

// _exit(), with which a child ends: the linker's option --wrap=_exit has its calls go to the
// wrapper.
[[noreturn]] void __real__exit(int status);
[[noreturn]] void __wrap__exit(int status);
}

namespace odin::test {
namespace {

std::span<std::uint8_t> own_counters() {
  return {__start___sancov_cntrs, __stop___sancov_cntrs};
}

// The same number of counters, in memory that children share.
std::span<std::uint8_t> counters_of_children() {
  static const std::span<std::uint8_t> counters = [] {
    const std::size_t size = own_counters().size();
    void* const memory =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    return std::span(static_cast<std::uint8_t*>(memory), size);
  }();
  return counters;
}

}  // namespace

void forget_child_coverage() {
  std::ranges::fill(counters_of_children(), std::uint8_t{0});
}

void take_child_coverage() {
  // A child begins with the counts of its parent.
  const auto larger = [](std::uint8_t a, std::uint8_t b) { return std::max(a, b); };
  std::ranges::transform(own_counters(), counters_of_children(), own_counters().begin(), larger);
}

}  // namespace odin::test

void __wrap__exit(int status) {
  std::ranges::copy(odin::test::own_counters(), odin::test::counters_of_children().begin());
  __real__exit(status);
}
