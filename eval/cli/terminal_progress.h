// Progress on standard error: a bar on a terminal, and one line per task elsewhere and on a
// terminal without escape codes.
#pragma once

#include <chrono>

#include "eval/scoring/progress.h"

namespace odin {

// Standard output stays clean for results.
class TerminalProgress final : public Progress {
 public:
  // A quiet one writes nothing.
  explicit TerminalProgress(bool quiet);
  // Leaves a bar that is not finished on a line of its own.
  ~TerminalProgress() override;

  void start(const std::string& task, std::int64_t total, std::int64_t already = 0) override;
  // Redraws the bar, with the note at its end, at most a few times a second. The line is as long as
  // the terminal's line is then: first the bar is shortened, then the end is left out.
  void update(std::int64_t done, const std::string& note = "") override;
  // Writes a line with the task's images, seconds and rate, and the note.
  void finish(const std::string& note = "") override;

 private:
  using Clock = std::chrono::steady_clock;

  void draw();

  bool quiet_;
  bool bar_;              // whether a bar is drawn at all
  bool drawing_ = false;  // whether one is on the terminal's last line
  std::string task_;
  std::string note_;
  std::int64_t total_ = 0;
  std::int64_t already_ = 0;
  std::int64_t done_ = 0;
  Clock::time_point started_;
  Clock::time_point drawn_;
};

}  // namespace odin
