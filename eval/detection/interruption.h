// Wakes threads that wait for input, so that a program can end.
#pragma once

namespace odin {

class Interruption {
 public:
  // Throws Error if the system has no descriptor left.
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  // Any thread or signal handler may call it, and none can take it back.
  void request() noexcept;
  bool requested() const;
  // Waits until `descriptor` can be read or has ended, or an interruption is requested. Returns
  // whether there is something to read.
  bool wait_to_read(int descriptor) const;

 private:
  int event_;  // can be read once an interruption was requested
};

// From now on SIGINT and SIGTERM request an interruption, which must live as long as the process
// handles them. A second signal ends the process as it would without this.
class InterruptionBySignal {
 public:
  explicit InterruptionBySignal(Interruption& interruption);
  ~InterruptionBySignal();  // signals act as usual again
  InterruptionBySignal(const InterruptionBySignal&) = delete;
  InterruptionBySignal& operator=(const InterruptionBySignal&) = delete;
};

}  // namespace odin
