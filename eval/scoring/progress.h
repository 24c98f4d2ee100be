// How a long run reports its progress.
#pragma once

#include <cstdint>
#include <string>

namespace odin {

// This class reports nothing. TerminalProgress (eval/cli/terminal_progress.h) draws a bar. One task
// at a time.
class Progress {
 public:
  Progress() = default;
  virtual ~Progress() = default;
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Starts a task of `total` images. The first `already` of them were done in an earlier run.
  virtual void start(const std::string& task, std::int64_t total, std::int64_t already = 0) {
    (void)task, (void)total, (void)already;
  }
  // `done` images of the task are finished. `note` is shown next to them.
  virtual void update(std::int64_t done, const std::string& note = "") { (void)done, (void)note; }
  // Ends the task.
  virtual void finish(const std::string& note = "") { (void)note; }
};

}  // namespace odin
