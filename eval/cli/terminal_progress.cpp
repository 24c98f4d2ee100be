#include "eval/cli/terminal_progress.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <span>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "eval/cli/terminal.h"
#include "eval/report/columns.h"
#include "weights/files/printable.h"

namespace odin {
namespace {

constexpr int kLongestBar = 30;
constexpr int kShortestBar = 5;
constexpr int kUsualColumns = 80;  // of a terminal that does not know them
constexpr auto kRedrawEvery = std::chrono::milliseconds(200);

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// The run continues even if progress cannot be written, so the result of fputs is ignored.
void write(const std::string& text) {
  std::fputs(text.c_str(), stderr);
  std::fflush(stderr);
}

// A name of a set, which can be that of any folder, without what plays with the terminal.
std::string shown(const std::string& task) {
  return printable(task, 4 * task.size(), Characters::kUtf8);
}

// "task [====    ]", then as many of `ends` as fit. Of the bar remains what the rest leaves room
// for, or nothing; the first of `ends` is always there, the task is cut for it.
std::string line_of(const std::string& task, double fraction, std::span<const std::string> ends,
                    int columns) {
  int needed = columns_of(task);
  for (const std::string& end : ends) needed += columns_of(end);
  const int room = std::min(columns - needed - 3, kLongestBar);  // besides " []"
  std::string line;
  if (room >= kShortestBar) {
    const auto filled = static_cast<int>(std::lround(fraction * room));
    line = fmt::format("{} [{:=<{}}{: <{}}]", task, "", filled, "", room - filled);
  } else {
    line = cut_to_columns(task, std::max(0, columns - columns_of(ends[0])));
  }
  for (const std::string& end : ends) {
    if (columns_of(line) + columns_of(end) > columns) break;
    line += end;
  }
  return line;
}

}  // namespace

TerminalProgress::TerminalProgress(bool quiet)
    : quiet_(quiet), bar_(!quiet && takes_escape_codes(STDERR_FILENO)) {}

TerminalProgress::~TerminalProgress() {
  if (drawing_) write("\n");
}

void TerminalProgress::start(const std::string& task, std::int64_t total, std::int64_t already) {
  task_ = task;
  note_.clear();
  total_ = total;
  done_ = already_ = already;
  started_ = drawn_ = Clock::now();
  if (bar_) draw();
}

void TerminalProgress::update(std::int64_t done, const std::string& note) {
  done_ = done;
  note_ = note;
  if (!bar_ || Clock::now() - drawn_ < kRedrawEvery) return;
  drawn_ = Clock::now();
  draw();
}

void TerminalProgress::finish(const std::string& note) {
  if (quiet_) return;
  const double seconds = seconds_since(started_);
  const std::int64_t images = done_ - already_;
  write(fmt::format("{}{}: {} images in {:.1f} s, {:.1f} images/s{}{}\n", bar_ ? "\r\x1b[K" : "",
                    bar_ ? shown(task_) : task_, images, seconds,
                    static_cast<double>(images) / std::max(seconds, 1e-9), note.empty() ? "" : ", ",
                    note));
  drawing_ = false;
}

void TerminalProgress::draw() {
  const double fraction = total_ > 0 ? static_cast<double>(done_) / static_cast<double>(total_) : 1;
  const double seconds = seconds_since(started_);
  std::vector<std::string> ends;
  ends.push_back(fmt::format(" {}/{}", done_, total_));
  if (done_ > already_) {
    const double rate = static_cast<double>(done_ - already_) / std::max(seconds, 1e-9);
    const auto left = std::llround(static_cast<double>(total_ - done_) / rate);
    ends.push_back(fmt::format(", {:.1f} images/s", rate));
    ends.push_back(fmt::format(", {}:{:02} left", left / 60, left % 60));
  }
  if (!note_.empty()) ends.push_back(", " + note_);
  // A terminal goes to its next line, or stays in doubt, once its last column is written.
  const int columns = terminal_columns(STDERR_FILENO).value_or(kUsualColumns) - 1;
  write(fmt::format("\r{}\x1b[K", line_of(shown(task_), fraction, ends, columns)));
  drawing_ = true;
}

}  // namespace odin
