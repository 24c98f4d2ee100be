// The main function that all programs share: options, errors and exit statuses.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace odin {

// Adds --version to `app`, parses the command line with it, calls `run`, and returns the exit status
// of the process:
// - what `run` returned;
// - 1 after any exception, whose message goes to standard error, and if standard output cannot be
//   written;
// - 2 if the command line is wrong;
// - 0 after --help and --version.
int run_program_main(CLI::App& app, int argc, const char* const* argv,
                     const std::function<int()>& run);

// Throws Error unless all that was written to standard output got there: a report that a full disk cut
// short must not pass for a complete one.
void flush_standard_output();

}  // namespace odin
