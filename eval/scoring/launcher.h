// How this process was started: alone, or as one of several.
#pragma once

#include <optional>
#include <string_view>

namespace odin {

// What a launcher says in the environment.
struct Launch {
  std::string_view launcher;     // "mpirun", "srun"; empty for a process that was started alone
  std::optional<int> processes;  // that it started, if it says so
  int number = 0;                // of this process among them, from 0
  bool connected = false;        // whether MPI can find the other processes

  // Whether other processes have the same command line.
  bool is_one_of_several() const { return processes ? *processes > 1 : number > 0; }
};

// Reads the environment. Slurm's batch script is one process, whatever number of tasks it may
// start.
Launch launch();

// Throws Error if this process is one of several. For programs that do not share their work: each
// process would do all of it, and write the same files.
void require_single_process();

}  // namespace odin
