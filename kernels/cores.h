// The cores that a process may use, and the threads that it takes by default.
#pragma once

#include <filesystem>
#include <optional>

namespace odin {

// Cores on which the system may run this process (its affinity).
int available_cores();

// The most threads that make sense here: the processor gains nothing from more.
int most_threads();

// Cores' worth of time that the process's control groups, versions 1 and 2, give it, rounded up;
// none without a limit. `root` is the folder that holds proc/ and sys/.
std::optional<int> quota_cores(const std::filesystem::path& root = "/");

// The threads of a process that was not told their number:
// - what OMP_NUM_THREADS says (the first of its numbers), at most most_threads();
// - else the cores that it may run on, but no more than its quota is worth.
// At least one. `processes` that run on this machine share the quota, and the cores unless the
// process has been bound to some of them.
int default_threads(int processes = 1);

}  // namespace odin
