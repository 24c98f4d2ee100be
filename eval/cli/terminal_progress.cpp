#include "eval/cli/terminal_progress.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

namespace odin {
namespace {

constexpr int kBarWidth = 30;
constexpr auto kRedrawEvery = std::chrono::milliseconds(200);

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// The run continues even if progress cannot be written, so the result of fputs is ignored.
void write(const std::string& text) {
  std::fputs(text.c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace

TerminalProgress::TerminalProgress(bool quiet)
    : quiet_(quiet), terminal_(isatty(STDERR_FILENO) != 0) {}

void TerminalProgress::start(const std::string& task, std::int64_t total, std::int64_t already) {
  task_ = task;
  note_.clear();
  total_ = total;
  done_ = already_ = already;
  started_ = drawn_ = Clock::now();
  if (!quiet_ && terminal_) draw();
}

void TerminalProgress::update(std::int64_t done, const std::string& note) {
  done_ = done;
  note_ = note;
  if (quiet_ || !terminal_ || Clock::now() - drawn_ < kRedrawEvery) return;
  drawn_ = Clock::now();
  draw();
}

void TerminalProgress::finish(const std::string& note) {
  if (quiet_) return;
  const double seconds = seconds_since(started_);
  const std::int64_t images = done_ - already_;
  write(fmt::format("{}{}: {} images in {:.1f} s, {:.1f} images/s{}{}\n",
                    terminal_ ? "\r\x1b[K" : "", task_, images, seconds,
                    static_cast<double>(images) / std::max(seconds, 1e-9), note.empty() ? "" : ", ",
                    note));
}

void TerminalProgress::draw() const {
  const double fraction = total_ > 0 ? static_cast<double>(done_) / static_cast<double>(total_) : 1;
  const double seconds = seconds_since(started_);
  const int filled = static_cast<int>(std::lround(fraction * kBarWidth));
  std::string line = fmt::format("\r{} [{:=<{}}{: <{}}] {}/{}", task_, "", filled, "",
                                 kBarWidth - filled, done_, total_);
  if (done_ > already_) {
    const double rate = static_cast<double>(done_ - already_) / std::max(seconds, 1e-9);
    const auto left = std::llround(static_cast<double>(total_ - done_) / rate);
    line += fmt::format(", {:.1f} images/s, {}:{:02} left", rate, left / 60, left % 60);
  }
  if (!note_.empty()) line += ", " + note_;
  write(line + "\x1b[K");
}

}  // namespace odin
