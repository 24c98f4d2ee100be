// Progress on standard error: a bar on a terminal, one line per task elsewhere.
#pragma once

#include <chrono>

#include "eval/scoring/progress.h"

namespace odin {

// Standard output stays clean for results.
class TerminalProgress final : public Progress {
 public:
  // A quiet one writes nothing.
  explicit TerminalProgress(bool quiet);

  void start(const std::string& task, std::int64_t total, std::int64_t already = 0) override;
  // Redraws the bar, with the note at its end, at most a few times a second.
  void update(std::int64_t done, const std::string& note = "") override;
  // Writes a line with the task's images, seconds and rate, and the note.
  void finish(const std::string& note = "") override;

 private:
  using Clock = std::chrono::steady_clock;

  void draw() const;

  bool quiet_;
  bool terminal_;
  std::string task_;
  std::string note_;
  std::int64_t total_ = 0;
  std::int64_t already_ = 0;
  std::int64_t done_ = 0;
  Clock::time_point started_;
  Clock::time_point drawn_;
};

}  // namespace odin
