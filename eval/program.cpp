#include "eval/program.h"

#include <cerrno>
#include <cstdio>
#include <exception>
#include <iostream>
#include <new>
#include <system_error>

#include <CLI/CLI.hpp>

#include "eval/version.h"
#include "kernels/error.h"

namespace odin {
namespace {

constexpr int kFailure = 1;
constexpr int kWrongUsage = 2;

// A report cut short by a full disk must not pass for a whole one.
void flush_standard_output() {
  errno = 0;
  std::cout.flush();
  const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout.good();
  require(written, "standard output cannot be written: {}",
          std::generic_category().message(errno != 0 ? errno : EIO));
}

int parse_and_run(CLI::App& app, int argc, const char* const* argv,
                  const std::function<int()>& run) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help_or_version) {
    return app.exit(help_or_version);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "{}: {} (see {} --help)\n", app.get_name(), error.what(), app.get_name());
    return kWrongUsage;
  }
  return run();
}

}  // namespace

int run_program_main(CLI::App& app, int argc, const char* const* argv,
                     const std::function<int()>& run) {
  app.set_version_flag("--version", fmt::format("{} {}", app.get_name(), version()),
                       "Print the version and exit");
  try {
    const int status = parse_and_run(app, argc, argv, run);
    flush_standard_output();
    return status;
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "{}: there is not enough memory\n", app.get_name());
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: {}\n", app.get_name(), error.what());
  }
  return kFailure;
}

}  // namespace odin
