#include "kernels/cores.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#ifdef __linux__
#include <sched.h>
#endif
#include <unistd.h>

#include "kernels/parse_number.h"

namespace odin {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, at);) parts.push_back(part);
  return parts;
}

bool holds(const std::string& list, std::string_view word) {
  const std::vector<std::string> words = split(list, ',');
  return std::ranges::find(words, word) != words.end();
}

// Cores that one group gives: what its files say, or no limit.
std::optional<double> quota_of_group(const fs::path& group, bool version_2) {
  std::string quota;
  double period = 0;
  if (version_2) {
    std::ifstream(group / "cpu.max") >> quota >> period;  // "150000 100000" or "max 100000"
  } else {
    std::ifstream(group / "cpu.cfs_quota_us") >> quota;  // or -1
    std::ifstream(group / "cpu.cfs_period_us") >> period;
  }
  const std::optional<double> time = whole_text_as<double>(quota);
  if (!time || !(*time > 0) || !(period > 0)) return {};
  return *time / period;
}

// Where a hierarchy of groups is mounted, and the group that it shows there.
struct Mount {
  fs::path point;
  std::string root;
  bool version_2 = false;
};

// Of those that limit CPU time.
std::vector<Mount> mounts(const fs::path& root) {
  std::vector<Mount> found;
  std::ifstream file(root / "proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> fields = split(line, ' ');
    const auto dash = std::ranges::find(fields, "-");
    if (fields.size() < 6 || fields.end() - dash < 4) continue;
    const bool version_2 = dash[1] == "cgroup2";
    if (!version_2 && !(dash[1] == "cgroup" && holds(dash[3], "cpu"))) continue;
    found.push_back({root / fs::path(fields[4]).relative_path(), fields[3], version_2});
  }
  return found;
}

// The process's group in that hierarchy: "/system.slice/job.scope".
std::string group_of_process(const fs::path& root, bool version_2) {
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    // "4:cpu,cpuacct:/group" or "0::/group"
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (version_2 ? controllers.empty() : holds(controllers, "cpu")) return line.substr(second + 1);
  }
  return "/";
}

// The first number of OMP_NUM_THREADS, if it is one.
std::optional<int> openmp_threads() {
  const char* text = std::getenv("OMP_NUM_THREADS");
  if (text == nullptr) return {};
  const std::string first = split(std::string(text) + ",", ',').at(0);
  const std::size_t begin = std::min(first.find_first_not_of(' '), first.size());
  int threads = 0;
  std::from_chars(first.data() + begin, first.data() + first.size(), threads);
  if (threads < 1) return {};
  return std::min(threads, most_threads());
}

}  // namespace

int available_cores() {
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
  const unsigned cores = std::thread::hardware_concurrency();
  return cores == 0 ? 1 : static_cast<int>(cores);
}

int most_threads() {
  return std::max(64, 8 * available_cores());
}

std::optional<int> quota_cores(const fs::path& root) {
  std::optional<double> least;
  for (const Mount& mount : mounts(root)) {
    std::string group = group_of_process(root, mount.version_2);
    // A container may see its own group as the mount's root.
    if (mount.root != "/" && group.starts_with(mount.root)) group.erase(0, mount.root.size());
    // A group has no more than those that it is in.
    fs::path relative = fs::path(group).relative_path();
    while (true) {
      const std::optional<double> quota = quota_of_group(mount.point / relative, mount.version_2);
      if (quota && (!least || *quota < *least)) least = quota;
      if (relative.empty()) break;
      relative = relative.parent_path();
    }
  }
  if (!least) return {};
  return static_cast<int>(std::clamp(std::ceil(*least), 1.0, 1e6));
}

int default_threads(int processes) {
  if (const std::optional<int> asked = openmp_threads()) return *asked;
  const int cores = available_cores();
  const bool bound = cores < sysconf(_SC_NPROCESSORS_ONLN);
  const int own = bound ? cores : cores / processes;
  const std::optional<int> quota = quota_cores();
  return std::max(1, quota ? std::min(own, *quota / processes) : own);
}

}  // namespace odin
