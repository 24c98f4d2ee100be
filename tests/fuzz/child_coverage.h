// Lets libFuzzer see the branches of readers that run in a child process (weights/child_process.h).
// It counts them in memory, which is lost when the child ends.
#pragma once

namespace odin::test {

// Forgets what children have counted. Call it before a reader runs.
void forget_child_coverage();

// Raises the counters of this process to those of the last child. Call it after the reader.
void take_child_coverage();

}  // namespace odin::test
