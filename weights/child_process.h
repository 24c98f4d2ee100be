// Reads untrusted files in a child process, which a library's faults may crash, and takes over what
// it found.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "kernels/error.h"

namespace odin {

// The work crashed, or took too much time. The sentence is a clause that says what happened.
class ChildFailure : public Error {
 public:
  using Error::Error;
};

struct ChildLimits {
  unsigned cpu_seconds = 10;
  std::size_t bytes = std::size_t{1} << 30;  // of memory beside what this process has already
  std::size_t result_bytes = std::size_t{1} << 30;  // that the work may write
};

// Where the work writes its result: a pipe to the parent.
class ResultWriter {
 public:
  explicit ResultWriter(int pipe) : pipe_(pipe) {}

  // Appends bytes. Throws Error if the parent does not take them.
  void write(std::span<const std::byte> bytes);
  // Hands over what was written so far. Throws Error likewise.
  void flush();

 private:
  void write_through(std::span<const std::byte> bytes) const;

  int pipe_;
  std::vector<std::byte> waiting_;  // small pieces, to be handed over together
};

// Runs `work` in a child process, and returns what it wrote.
//
// - Throws ChildFailure if the child crashes, needs more time, or writes more than it may. An
// exception that is neither
//   Error nor std::bad_alloc is a crash.
// - Throws Error, with the words of `work`, if that throws, as it does where the memory does not
// suffice.
// - Throws Error if no process can be started, if somebody else ends the child, and if it waits for
// more than ten
//   minutes.
//
// It guards against faults of a library that parses the file: those end the child and not this
// process, and what they have damaged ends with the child. It is no sandbox, so the caller checks
// the result as it would check a file.
//
// In the child only the calling thread exists, so `work` must neither start threads nor wait for a
// lock that another thread may hold. An allocator without handlers for fork(), such as the address
// sanitizer's, may have such a lock; so in a process with several threads work that takes too long
// is repeated.
std::vector<std::byte> run_in_child(const std::function<void(ResultWriter&)>& work,
                                    const ChildLimits& limits = {});

}  // namespace odin
