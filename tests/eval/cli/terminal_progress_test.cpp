// Progress in a pseudo-terminal.
#include "eval/cli/terminal_progress.h"

#include <chrono>
#include <memory>
#include <optional>
#include <thread>

#include <doctest/doctest.h>
#include <unistd.h>

#include "eval/cli/terminal.h"
#include "tests/support/environment.h"
#include "tests/support/pseudo_terminal.h"

namespace odin::test {
namespace {

// While it lives, standard error is the terminal.
class StandardError {
 public:
  explicit StandardError(const PseudoTerminal& terminal) : before_(::dup(STDERR_FILENO)) {
    ::dup2(terminal.descriptor(), STDERR_FILENO);
  }
  ~StandardError() {
    ::dup2(before_, STDERR_FILENO);
    ::close(before_);
  }
  StandardError(const StandardError&) = delete;
  StandardError& operator=(const StandardError&) = delete;

 private:
  int before_;
};

// A terminal that is standard error while one task makes progress in it.
struct Task {
  Environment kind;
  Environment no_color;
  PseudoTerminal terminal;
  std::optional<StandardError> standard_error;
  std::optional<TerminalProgress> progress;

  explicit Task(int columns, const char* term = "xterm-256color", const char* plain = "")
      : kind("TERM", term), no_color("NO_COLOR", plain), terminal(columns) {
    standard_error.emplace(terminal);
    progress.emplace(false);
  }
  // All that was written. Ends the progress, unless it is to be seen as it is while it lasts.
  std::string all(bool unfinished = false) {
    if (!unfinished) progress.reset();
    std::string bytes = terminal.written(20);
    standard_error.reset();
    return bytes;
  }
  void redraw(std::int64_t done, const std::string& note = "") {
    std::this_thread::sleep_for(std::chrono::milliseconds(210));
    progress->update(done, note);
  }
};

// The part of the screen's only line that is the bar, with its brackets.
std::string bar_of(const std::string& line) {
  const std::size_t begin = line.find('[');
  return begin == std::string::npos ? "" : line.substr(begin, line.find(']') - begin + 1);
}

}  // namespace

TEST_CASE("the progress of a terminal of 40, 80 and 200 columns stays on one line") {
  const std::string set = "Tiny-ImageNet (resize)";
  for (const auto& terminal : {std::pair{40, 0}, {80, 32}, {200, 32}}) {
    const int columns = terminal.first;
    const int bar = terminal.second;
    CAPTURE(columns);
    Task task(columns);
    task.progress->start(set, 9000);
    for (const int done : {3000, 6000}) task.redraw(done);
    const std::vector<std::string> lines = screen_after(task.all(true), columns);
    CAPTURE(lines.back());
    REQUIRE(lines.size() == 1);
    CHECK(static_cast<int>(lines[0].size()) < columns);
    CHECK(lines[0].starts_with(set));
    CHECK(lines[0].find(" 6000/9000") != std::string::npos);
    // The bar gives way first.
    CHECK(static_cast<int>(bar_of(lines[0]).size()) <= bar);
    CHECK((bar_of(lines[0]).size() > 10) == (bar > 0));
    CHECK((lines[0].find("0:00 left") != std::string::npos) == (columns > 40));
  }
}

TEST_CASE("a line that has room for a shorter bar gets one, and a long note is left out whole") {
  Task task(80);
  task.progress->start("epoch 1 of 2", 100, 50);
  task.redraw(51, "loss 2.1234, error 80.12 %");
  task.redraw(75, "loss 2.1234, error 80.12 %, and what no line of 80 columns has room for");
  const std::string bytes = task.all(true);
  const std::size_t last = bytes.rfind('\r');
  const std::string first = screen_after(bytes.substr(0, last), 80).back();
  CHECK(first.find("loss 2.1234, error 80.12 %") != std::string::npos);
  CHECK(first.size() <= 79);
  const std::vector<std::string> second = screen_after(bytes, 80);
  REQUIRE(second.size() == 1);
  CHECK(second[0].find("loss") == std::string::npos);
  CHECK(second[0].find("75/100") != std::string::npos);
}

TEST_CASE("the width is asked at every redraw") {
  Task task(200);
  task.progress->start("CIFAR-100", 10000);
  CHECK(bar_of(screen_after(task.terminal.written(20), 200).back()).size() == 32);
  task.terminal.resize(30);
  task.redraw(5000);
  const std::vector<std::string> lines = screen_after(task.all(true), 30);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].starts_with("CIFAR-100"));
  CHECK(lines[0].find("5000/10000") != std::string::npos);
}

TEST_CASE("a name that is wider than the terminal, or not ASCII, is cut by columns") {
  Task task(20);
  task.progress->start(
      "\xe7\x8c\xab\xe7\x8c\xab\xe7\x8c\xab\xe7\x8c\xab\xe7\x8c\xab\xe7\x8c\xab"
      "\x1b[2J",
      9000);
  // Twelve columns of six cats do not leave enough room for " 0/9000" and the rest.
  CHECK(task.all(true) == "\r\xe7\x8c\xab\xe7\x8c\xab\xe7\x8c\xab\xe7\x8c\xab... 0/9000\x1b[K");
}

TEST_CASE("where TERM is dumb or NO_COLOR is set, there is no bar and no escape code") {
  for (const auto& environment : {std::pair{"dumb", ""}, {"", ""}, {"xterm", "1"}}) {
    CAPTURE(environment.first);
    Task task(80, environment.first, environment.second);
    CHECK(!takes_escape_codes(STDERR_FILENO));
    task.progress->start("iSUN", 100);
    task.redraw(50);
    task.progress->update(100);
    task.progress->finish("done");
    const std::string bytes = task.all();
    CHECK(bytes.starts_with("iSUN: 100 images in "));
    CHECK(bytes.ends_with(" images/s, done\n"));
    CHECK(bytes.find_first_of("\r\x1b[") == std::string::npos);
  }
}

TEST_CASE(
    "what follows an unfinished bar begins on a line of its own, and a finished one is replaced") {
  Task stopped(80);
  stopped.progress->start("iSUN", 100);
  CHECK(stopped.all().ends_with("0/100\x1b[K\n"));
  Task finished(80);
  finished.progress->start("iSUN", 100);
  finished.progress->finish();
  const std::vector<std::string> lines = screen_after(finished.all(), 80);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].starts_with("iSUN: 0 images in "));
  CHECK(lines[1].empty());
}

TEST_CASE("a terminal that does not know its size gets a bar for 80 columns") {
  Task task(0);
  CHECK(terminal_columns(STDERR_FILENO) == std::nullopt);
  task.progress->start("iSUN", 100);
  CHECK(bar_of(screen_after(task.all(true), 80).back()).size() == 32);
  const PseudoTerminal terminal(40);
  CHECK(terminal_columns(terminal.descriptor()) == 40);
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  CHECK(terminal_columns(ends[1]) == std::nullopt);
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace odin::test
