// Tells how far a long run is: a bar on a terminal, a line per task elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace odin {

// Writes to standard error, so that results on standard output stay clean. One task at a time.
class Progress {
 public:
  // A quiet one writes nothing.
  explicit Progress(bool quiet);

  // Starts a task of `total` images, of which the first `already` were done before.
  void start(const std::string& task, std::int64_t total, std::int64_t already = 0);
  // `done` images of the task are finished; redraws the bar, with the note at its end, a few times a
  // second at most.
  void update(std::int64_t done, const std::string& note = "");
  // Ends the task with a line that gives its images, seconds and rate, and the note.
  void finish(const std::string& note = "");

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
