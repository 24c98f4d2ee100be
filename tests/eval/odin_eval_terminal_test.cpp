// odin_eval in a terminal.
#include <algorithm>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/eval/odin_eval_support.h"
#include "tests/support/pseudo_terminal.h"

namespace odin::test {
namespace {

ProgramResult evaluate(const EvalWorkspace& w, const std::string& arguments, int columns,
                       const std::string& environment = "TERM=xterm NO_COLOR=") {
  const ProgramResult result =
      run_in_terminal(fmt::format("cd '{}' && {} '{}' {}", w.folder.path().string(), environment,
                                  kEvalProgram, arguments),
                      columns);
  CAPTURE(result.output);
  REQUIRE(result.exit_status == 0);
  return result;
}

}  // namespace

TEST_CASE("progress and table fit a terminal of 40, 80 and 200 columns") {
  const EvalWorkspace w;
  const std::string arguments = std::string(kGeneral) + " --out gaussian";
  const std::string usual = w.succeed(arguments + " --quiet").output;
  for (const int columns : {40, 80, 200}) {
    CAPTURE(columns);
    const std::string bytes = evaluate(w, arguments, columns).output;
    CHECK(bytes.find("\r\x1b[K") != std::string::npos);
    // No redraw goes to a second line.
    const std::size_t bar = bytes.find('\r');
    CHECK(screen_after(bytes.substr(bar, bytes.find('\n', bar) - bar), columns).size() <= 2);
    const std::size_t table = bytes.find("DenseNet-BC-10");
    REQUIRE(table != std::string::npos);
    // Three sets, each with its line of figures and no other.
    CHECK(std::ranges::count(bytes.substr(0, table), '\n') == 3);
    if (columns == 200) {
      CHECK(bytes.substr(table) == usual);
      continue;
    }
    for (const std::string& line : screen_after(bytes.substr(table), 1000)) {
      CAPTURE(line);
      CHECK(static_cast<int>(line.size()) <= columns);
    }
    CHECK(bytes.find("\nUniform noise\n Baseline ") != std::string::npos);
    CHECK(bytes.find("\nGaussian noise\n Baseline ") != std::string::npos);
  }
}

TEST_CASE("the notes below the figures of one set fit a terminal of 80 columns") {
  const EvalWorkspace w;
  const std::string bytes = evaluate(w, kGeneral, 80, "TERM=dumb").output;
  const std::size_t table = bytes.find("Neural network architecture:");
  REQUIRE(table != std::string::npos);
  for (const std::string& line : screen_after(bytes.substr(table), 1000)) {
    CAPTURE(line);
    CHECK(line.size() <= 80);
  }
  const std::size_t note = bytes.find("Images scored: ");
  REQUIRE(note != std::string::npos);
  CHECK(bytes.find("\n  ", note) < bytes.find(" are read", note));
}

TEST_CASE("a terminal that is dumb or wants no colours gets no escape code") {
  const EvalWorkspace w;
  for (const char* environment : {"TERM=dumb", "TERM=xterm NO_COLOR=1"}) {
    CAPTURE(environment);
    const std::string bytes = evaluate(w, kGeneral, 80, environment).output;
    CHECK(bytes.find_first_of("\r\x1b") == std::string::npos);
    CHECK(bytes.find("CIFAR-10: 22 images in ") != std::string::npos);
  }
}

}  // namespace odin::test
