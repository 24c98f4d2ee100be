// Tries work on an untrusted file in a child process, before this process does it.
#pragma once

#include <functional>

namespace odin {

// Runs `work` in a child process. Throws Error, with a clause that says what happened, if the child
// crashes or needs more than `cpu_seconds` of computing. Whether `work` throws does not matter: it will
// do so again here. Nothing is thrown if somebody else ends the child.
//
// It guards against faults of a library that parses the file: those end the child and not this process.
// It is no sandbox. Where no process can be started, it does nothing.
//
// In the child only the calling thread exists, so `work` must neither start threads nor wait for a lock
// that another thread may hold.
void require_trial(const std::function<void()>& work, unsigned cpu_seconds = 10);

}  // namespace odin
