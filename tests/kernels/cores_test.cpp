#include "kernels/cores.h"

#include <filesystem>

#include <doctest/doctest.h>

#include "kernels/thread_pool.h"
#include "tests/support/environment.h"
#include "tests/support/support.h"

namespace odin::test {
namespace {

namespace fs = std::filesystem;

// A system's files.
struct System {
  TemporaryFolder folder;

  void write(const fs::path& file, std::string_view content) const {
    fs::create_directories((folder.path() / file).parent_path());
    write_bytes(folder.path() / file, content);
  }
  std::optional<int> quota() const { return quota_cores(folder.path()); }
};

constexpr const char* kMountV2 =
    "25 20 0:21 / /proc rw - proc proc rw\n"
    "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";

TEST_CASE("the CPU quota of a control group is what it or one around it gives at least") {
  const System system;
  CHECK(system.quota() == std::nullopt);
  system.write("proc/self/mountinfo", kMountV2);
  system.write("proc/self/cgroup", "0::/system.slice/job.scope\n");
  CHECK(system.quota() == std::nullopt);
  system.write("sys/fs/cgroup/system.slice/job.scope/cpu.max", "max 100000\n");
  CHECK(system.quota() == std::nullopt);
  system.write("sys/fs/cgroup/system.slice/cpu.max", "800000 100000\n");
  CHECK(system.quota() == 8);
  system.write("sys/fs/cgroup/system.slice/job.scope/cpu.max", "250000 100000\n");
  CHECK(system.quota() == 3);  // two and a half
  system.write("sys/fs/cgroup/system.slice/job.scope/cpu.max", "1000 100000\n");
  CHECK(system.quota() == 1);
  system.write("sys/fs/cgroup/system.slice/job.scope/cpu.max", "nonsense");
  CHECK(system.quota() == 8);
}

TEST_CASE("a container sees the quota of its group at the root of its mount") {
  const System system;
  system.write("proc/self/mountinfo", kMountV2);
  system.write("proc/self/cgroup", "0::/\n");
  system.write("sys/fs/cgroup/cpu.max", "100000 100000\n");
  CHECK(system.quota() == 1);
}

TEST_CASE("version 1 of control groups has the same in other files") {
  const System system;
  system.write("proc/self/mountinfo",
               "33 25 0:29 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
               "34 25 0:30 /docker/abc /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup "
               "rw,cpu,cpuacct\n");
  system.write("proc/self/cgroup", "5:cpuset:/\n4:cpu,cpuacct:/docker/abc/job\n0::/\n");
  system.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  system.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  CHECK(system.quota() == std::nullopt);
  system.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "400000\n");
  CHECK(system.quota() == 4);
  system.write("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "50000\n");
  system.write("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "50000\n");
  CHECK(system.quota() == 1);
}

TEST_CASE(
    "the default number of threads is OMP_NUM_THREADS, else what the cores and the quota allow") {
  const auto with = [](const char* value) {
    const Environment environment("OMP_NUM_THREADS", value);
    CHECK(ThreadPool(0).size() == default_threads());
    return default_threads();
  };
  CHECK(with("3") == 3);
  CHECK(with("5,2") == 5);
  CHECK(with(" 1 ") == 1);
  CHECK(with("1000000") == most_threads());
  const int allowed = std::min(available_cores(), quota_cores().value_or(available_cores()));
  for (const char* nothing : {"", "0", "-2", "many"}) {
    CAPTURE(nothing);
    CHECK(with(nothing) == allowed);
  }
  const Environment none("OMP_NUM_THREADS", "");
  CHECK(default_threads(1000000) >= 1);
}

}  // namespace
}  // namespace odin::test
