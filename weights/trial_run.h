// Tries work on an untrusted file in a child process, before this process does it.
#pragma once

#include <functional>

namespace odin {

struct TrialLimits {
  unsigned cpu_seconds = 10;
  unsigned seconds = 300;  // on the clock: a slow disk is no error
};

// Runs `work` in a child process. Throws Error, with a clause that says what happened, if the child
// crashes or exceeds the limits. Whether `work` throws does not matter: it will do so again here.
//
// It guards against faults of a library that parses the file: those end the child and not this process.
// It is no sandbox. Where no process can be started, it does nothing.
//
// In the child only the calling thread exists, so `work` must neither start threads nor wait for a lock
// that another thread may hold.
void require_trial(const std::function<void()>& work, TrialLimits limits = {});

}  // namespace odin
