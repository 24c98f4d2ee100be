// Tries work on an untrusted file in a child process, before this process does it.
#pragma once

#include <cstddef>
#include <functional>

#include "kernels/error.h"

namespace odin {

// Work crashed, or took too much time. The sentence is a clause that says what happened.
class TrialFailure : public Error {
 public:
  using Error::Error;
};

struct TrialLimits {
  unsigned cpu_seconds = 10;
  std::size_t bytes = std::size_t{1} << 30;  // of memory beside what this process has already
};

// Runs `work` in a child process.
//
// - Throws TrialFailure if the child crashes or needs more time.
// - Throws Error, with the words of `work`, if that throws, as it does where the memory does not suffice.
// - Nothing is thrown if somebody else ends the child.
//
// It guards against faults of a library that parses the file: those end the child and not this process.
// It is no sandbox. Where no process can be started, it does nothing.
//
// In the child only the calling thread exists, so `work` must neither start threads nor wait for a lock that another
// thread may hold. An allocator without handlers for fork(), such as the address sanitizer's, may have such a lock; so
// in a process with several threads a trial that takes too long is repeated.
void require_trial(const std::function<void()>& work, const TrialLimits& limits = {});

}  // namespace odin
