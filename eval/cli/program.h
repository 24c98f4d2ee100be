// The main function that all programs share: options, errors and exit statuses.
#pragma once

#include <functional>
#include <string_view>

namespace CLI {
class App;
}

namespace odin {

// First gives the descriptors 0 to 2 a meaning where they are closed, so that no other file gets
// them: reading or writing them fails. Then adds --version to `app`, parses the command line with
// it, calls `run`, and returns the exit status of the process:
// - what `run` returned;
// - 1 after any exception, whose message goes to standard error, and if standard output cannot be
//   written;
// - 2 if the command line is wrong;
// - 0 after --help and --version.
int run_program_main(CLI::App& app, int argc, const char* const* argv,
                     const std::function<int()>& run);

// Throws Error unless all that was written to standard output got there: a report that a full disk
// cut short must not pass for a complete one.
void flush_standard_output();
// Writes `text` and flushes. Throws likewise.
void write_to_standard_output(std::string_view text);

// Writes "PROGRAM: SENTENCE" to standard error, safe for a terminal. If that cannot be written
// either, only the exit status remains.
void complain(std::string_view program, std::string_view sentence);

}  // namespace odin
