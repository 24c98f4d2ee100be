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

  // Starts a task of `total` images.
  void start(const std::string& task, std::int64_t total);
  // `done` images of the task are finished; redraws the bar a few times a second at most.
  void update(std::int64_t done);
  // Ends the task with a line that gives its images, seconds and rate.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;

  void draw() const;

  bool quiet_;
  bool terminal_;
  std::string task_;
  std::int64_t total_ = 0;
  std::int64_t done_ = 0;
  Clock::time_point started_;
  Clock::time_point drawn_;
};

}  // namespace odin
