// What the main function of every program shares: options, errors and exit statuses.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace odin {

// Parses the command line with `app` (to which it adds --version), calls `run` and returns the exit
// status of the process: what `run` returned; 1 after any exception, with its sentence on standard
// error, and where standard output could not be written; 2 where the command line is wrong; 0 after
// --help and --version.
int run_program_main(CLI::App& app, int argc, const char* const* argv,
                     const std::function<int()>& run);

}  // namespace odin
