#include "eval/cli/program.h"

#include <cerrno>
#include <cstdio>
#include <exception>
#include <iostream>
#include <new>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "eval/report/version.h"
#include "kernels/error.h"
#include "weights/files/printable.h"
#include "weights/files/system_reason.h"

namespace odin {
namespace {

constexpr int kFailure = 1;
constexpr int kWrongUsage = 2;

// Opened for the wrong direction, so that a program that uses one sees the error that it would see
// otherwise.
void fill_closed_descriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(descriptor, F_GETFD) >= 0) continue;
    // The lowest free descriptor is this one.
    [[maybe_unused]] const int opened =
        open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

void require_written() {
  const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout.good();
  require(written, "cannot write to standard output: {}", system_reason(errno != 0 ? errno : EIO));
}

// What is wrong with the command line. An option that is spelt wrong comes first: what CLI11 misses
// may be its value.
std::string sentence_of(const CLI::App& app, const CLI::ParseError& error) {
  for (const std::string& argument : app.remaining()) {
    if (argument.starts_with('-')) return fmt::format("there is no option {}", argument);
  }
  const std::string sentence = error.what();
  constexpr std::string_view kTooMany = "At Most 1 required but received ";
  const std::size_t at = sentence.find(kTooMany);
  if (at == std::string::npos) return sentence;
  return fmt::format("{}takes one value, but {} are given", sentence.substr(0, at),
                     sentence.substr(at + kTooMany.size()));
}

int parse_and_run(CLI::App& app, int argc, const char* const* argv,
                  const std::function<int()>& run) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help_or_version) {
    return app.exit(help_or_version);
  } catch (const CLI::ParseError& error) {
    complain(app.get_name(),
             fmt::format("{} (see {} --help)", sentence_of(app, error), app.get_name()));
    return kWrongUsage;
  }
  return run();
}

}  // namespace

void flush_standard_output() {
  errno = 0;
  std::cout.flush();
  require_written();
}

void write_to_standard_output(std::string_view text) {
  errno = 0;
  std::fwrite(text.data(), 1, text.size(), stdout);
  require_written();
}

void complain(std::string_view program, std::string_view sentence) {
  std::fputs(fmt::format("{}: {}\n", program, printable_lines(sentence)).c_str(), stderr);
}

int run_program_main(CLI::App& app, int argc, const char* const* argv,
                     const std::function<int()>& run) {
  fill_closed_descriptors();
  app.set_version_flag("--version", fmt::format("{} {}", app.get_name(), version()),
                       "Print the version and exit");
  try {
    const int status = parse_and_run(app, argc, argv, run);
    flush_standard_output();
    return status;
  } catch (const std::bad_alloc&) {
    complain(app.get_name(), "not enough memory");
  } catch (const std::exception& error) {
    complain(app.get_name(), error.what());
  }
  return kFailure;
}

}  // namespace odin
