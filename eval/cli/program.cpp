#include "eval/cli/program.h"

#include <cerrno>
#include <cstdio>
#include <exception>
#include <iostream>
#include <new>
#include <string>
#include <system_error>

#include <CLI/CLI.hpp>

#include "eval/report/version.h"
#include "kernels/error.h"
#include "weights/files/printable.h"

namespace odin {
namespace {

constexpr int kFailure = 1;
constexpr int kWrongUsage = 2;

// If standard error cannot be written either, only the exit status remains.
void complain(const CLI::App& app, const std::string& sentence) {
  std::fputs(fmt::format("{}: {}\n", app.get_name(), printable_lines(sentence)).c_str(), stderr);
}

int parse_and_run(CLI::App& app, int argc, const char* const* argv,
                  const std::function<int()>& run) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help_or_version) {
    return app.exit(help_or_version);
  } catch (const CLI::ParseError& error) {
    complain(app, fmt::format("{} (see {} --help)", error.what(), app.get_name()));
    return kWrongUsage;
  }
  return run();
}

}  // namespace

void flush_standard_output() {
  errno = 0;
  std::cout.flush();
  const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout.good();
  require(written, "cannot write to standard output: {}",
          std::generic_category().message(errno != 0 ? errno : EIO));
}

int run_program_main(CLI::App& app, int argc, const char* const* argv,
                     const std::function<int()>& run) {
  app.set_version_flag("--version", fmt::format("{} {}", app.get_name(), version()),
                       "Print the version and exit");
  try {
    const int status = parse_and_run(app, argc, argv, run);
    flush_standard_output();
    return status;
  } catch (const std::bad_alloc&) {
    complain(app, "not enough memory");
  } catch (const std::exception& error) {
    complain(app, error.what());
  }
  return kFailure;
}

}  // namespace odin
